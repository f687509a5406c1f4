// What a legal stream of this wire is: chunks of one answer, each candidate up to its finish and no further.
// https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { StreamGrammar, Violation } from '../dialect.ts'
import { createGrammar, objectIn, violation, type FrameRole, type GrammarRules } from '../kit/grammar.ts'
import { textOf } from '../kit/present.ts'
import { contentKind, sideMembers } from './decode-part.ts'
import type { Members } from './extras.ts'

/** A grammar for one stream. */
export function createStreamGrammar(): StreamGrammar {
  return createGrammar(() => createRules())
}

const chunkMembers: ReadonlySet<string> = new Set(['candidates', 'promptFeedback', 'usageMetadata'])

function createRules(): GrammarRules {
  const finished = new Map<number, boolean>()
  let blocked = false
  let id: string | undefined

  function chunk(record: Members): FrameRole | Violation {
    const named = textOf(record['responseId'])
    if (id !== undefined && named !== undefined && named !== id) return violation('head', 'responseId: it changes')
    id ??= named
    if (!Object.keys(record).some((key) => chunkMembers.has(key)))
      return violation('not-a-chunk', 'a record that is no chunk of an answer')
    const feedback = record['promptFeedback']
    blocked ||= isObject(feedback) && textOf(feedback['blockReason']) !== undefined
    const entries = record['candidates'] ?? []
    if (!Array.isArray(entries)) return violation('not-a-chunk', 'candidates: not a list')
    for (const [position, entry] of (entries as unknown[]).entries()) {
      const broken = isObject(entry)
        ? candidate(entry, position)
        : violation('not-a-candidate', `candidates[${position}]: not an object`)
      if (broken !== undefined) return broken
    }
    return 'inner'
  }

  function candidate(entry: Members, position: number): Violation | undefined {
    const { index = position, content, finishReason } = entry
    const at = `candidates[${String(index)}]`
    if (!Number.isInteger(index)) return violation('not-a-candidate', `${at}: an index that is no integer`)
    if (content !== undefined && !isObject(content)) return violation('not-a-candidate', `${at}.content: not an object`)
    const parts = isObject(content) ? (content['parts'] ?? []) : []
    if (!Array.isArray(parts)) return violation('not-a-candidate', `${at}.content.parts: not a list`)
    const list = parts as unknown[]
    // A tool that the server runs itself ends what the model said, and the model goes on behind its answer.
    const goesOn = isObject(list[0]) && 'functionResponse' in list[0]
    if (finished.get(index as number) === true && !goesOn && (list.length > 0 || finishReason !== undefined))
      return violation('candidate-after-finish', `${at}: goes on after its finishReason`)
    if (finishReason !== undefined && textOf(finishReason) === undefined)
      return violation('finish-reason', `${at}.finishReason: no text`)
    finished.set(
      index as number,
      finishReason !== undefined || (list.length === 0 && finished.get(index as number) === true),
    )
    return list
      .map((part, place) => partViolation(part, `${at}.content.parts[${place}]`))
      .find((found) => found !== undefined)
  }

  return {
    step(frame: Frame) {
      if (frame.event !== undefined) return violation('event-name', 'an event with a name')
      const record = objectIn(frame)
      if (record === undefined) return violation('not-a-chunk', 'a frame that is no JSON object')
      return isObject(record['error']) ? errorViolation(record['error']) : chunk(record)
    },
    finish() {
      for (const [index, done] of finished)
        if (!done) return violation('no-finish', `candidates[${index}]: no finishReason`)
      return finished.size > 0 || blocked ? undefined : violation('no-candidate', 'candidates: the answer has none')
    },
  }
}

/** Google's SDKs only throw on an error whose code is an HTTP status. */
function errorViolation({ code, status }: Members): FrameRole | Violation {
  const legal = typeof code === 'number' && code >= 400 && code < 600 && textOf(status) !== undefined
  return legal ? 'error' : violation('not-an-error', 'error: no code or status')
}

function partViolation(part: unknown, at: string): Violation | undefined {
  if (!isObject(part)) return violation('not-a-part', `${at}: not an object`)
  const { text, thoughtSignature, functionCall: call } = part
  if (text !== undefined && typeof text !== 'string') return violation('not-a-part', `${at}.text: no text`)
  if (thoughtSignature !== undefined && typeof thoughtSignature !== 'string')
    return violation('not-a-part', `${at}.thoughtSignature: no text`)
  const contents = Object.keys(part).filter((key) => !sideMembers.has(key))
  if (contents.length > 1) return violation('two-contents', `${at}: more than one content`)
  if (contents.length === 0 && thoughtSignature === undefined) return violation('empty-part', `${at}: no content`)
  return contentKind(part) === 'functionCall' ? callViolation(call, `${at}.functionCall`) : undefined
}

function callViolation(call: unknown, at: string): Violation | undefined {
  if (!isObject(call)) return violation('not-a-call', `${at}: not an object`)
  // A call whose arguments come in pieces names itself only once, and ends in an empty record.
  const inPieces = 'partialArgs' in call || 'willContinue' in call || Object.keys(call).length === 0
  if (!inPieces && textOf(call['name']) === undefined) return violation('call-name', `${at}: no name`)
  const { args } = call
  return args === undefined || isObject(args) ? undefined : violation('call-args', `${at}.args: not an object`)
}
