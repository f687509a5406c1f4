// Watches chunks of this wire go by without changing them: usage, finish, model, id, and where content begins.
import type { GatewayError } from '../../ir/error.ts'
import { createOutputMeter } from '../../ir/output-meter.ts'
import type { Finish } from '../../ir/response.ts'
import type { Usage } from '../../ir/usage.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamTap, TapSignal } from '../dialect.ts'
import { countOf, present, textOf } from '../kit/present.ts'
import { createWireMeter } from '../kit/wire-meter.ts'
import { blockOf } from './decode-response.ts'
import { encodeArgs } from './decode-part.ts'
import { decodeEmbeddedError, hidesError } from './errors.ts'
import type { Members } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import { camelKeys, camelRecord, repeated } from './names.ts'
import { isContentPart } from './stream-candidate.ts'
import { decodeUsage } from './usage.ts'

// Google counts on every chunk; a compatible server that counts only at the end may go by in bulk until then.
const telling = /"(?:usage_?[mM]etadata|finish_?[rR]eason|prompt_?[fF]eedback|error|function_?[cC]all)"/

const idle: TapSignal = { type: 'idle' }
const content: TapSignal = { type: 'content' }

/** A tap for one stream. */
export function createStreamTap(): StreamTap {
  const words = new Map<number, string | undefined>()
  const meter = createOutputMeter()
  const passing = createWireMeter({ strings: 'text', several: true, meter })
  let counts: Members = {}
  let block: Finish | undefined
  let model: string | undefined
  let id: string | undefined
  let answered = false
  let calls = 0
  let broken = false

  function failed(error: GatewayError): TapSignal {
    broken = true
    return { type: 'error', error }
  }

  function countPart(part: Members): void {
    if (typeof part['text'] === 'string') meter.add(part['text'])
    if (!isObject(part['functionCall'])) return
    const call = camelRecord(part['functionCall'])
    const name = textOf(call['name'])
    if (name !== undefined) meter.call(name)
    meter.add(encodeArgs(call['args']))
    for (const piece of repeated(call['partialArgs'])) meter.add(textOf(camelRecord(piece)['stringValue']) ?? '')
  }

  function readCandidate(candidate: Members, position: number): boolean {
    const index = countOf(candidate['index']) ?? position
    const parts = repeated(camelRecord(candidate['content'])['parts']).map(camelRecord)
    calls += parts.filter((part) => isObject(part['functionCall'])).length
    parts.forEach(countPart)
    const says = parts.some(isContentPart)
    // What is said after a finish needs one of its own.
    words.set(index, textOf(candidate['finishReason']) ?? (says ? undefined : words.get(index)))
    return says
  }

  function readUsage(told: Members): void {
    counts = { ...counts, ...told }
    const { candidatesTokenCount: said, totalTokenCount: all } = camelRecord(told)
    if ((countOf(said) ?? countOf(all)) !== undefined) meter.reported()
  }

  function read(chunk: Members): TapSignal {
    id = textOf(chunk['responseId']) ?? id
    model = textOf(chunk['modelVersion']) ?? model
    block = blockOf(chunk) ?? block
    const says = repeated(chunk['candidates']).map((entry, position) => readCandidate(camelRecord(entry), position))
    // It counts what stands beside it.
    if (isObject(chunk['usageMetadata'])) readUsage(chunk['usageMetadata'])
    if (!says.includes(true)) return idle
    answered = true
    return content
  }

  function finishOf(): Finish | undefined {
    const word = [...words].sort(([left], [right]) => left - right)[0]?.[1]
    return word === undefined ? (words.size === 0 ? block : undefined) : decodeFinish(word, { calls })
  }

  function isComplete(): boolean {
    if (broken) return false
    return words.size > 0 ? ![...words.values()].includes(undefined) : block !== undefined
  }

  return {
    step({ data }) {
      if (broken) return idle
      const value = parseJson(data)
      if (!isObject(value)) return idle
      return hidesError(value) ? failed(decodeEmbeddedError(value)) : read(camelKeys(value))
    },
    // Without parts it is no progress: comments, chunks that hold the line open.
    skim: (text) => (answered ? text.includes('"parts"') && !telling.test(text) : undefined),
    passed: passing.events,
    report() {
      const usage: Usage | undefined = Object.keys(counts).length > 0 ? decodeUsage(counts) : undefined
      return { complete: isComplete(), ...present({ usage, finish: finishOf(), model, id, count: meter.count() }) }
    },
    // The wire has no terminal.
    closing: () => [],
  }
}
