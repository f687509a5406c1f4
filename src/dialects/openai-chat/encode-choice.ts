// One choice of a stream: its events as deltas. Owns the role chunk, the dense numbering of calls, and the finish.
import type { Citation } from '../../ir/content.ts'
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import type { Finish } from '../../ir/response.ts'
import { isObject } from '../../wire/json-parse.ts'
import { withSignature } from './call-signature.ts'
import { encodeCitation } from './citations.ts'
import { audioKind } from './decode-response.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { asideOf, ownMembers, type Members, type ReasoningSpelling } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { foreignSpelling, reasoningKeys, writeReasoning } from './reasoning.ts'
import { unlinked, type AnswerLosses } from '../kit/answer-losses.ts'
import { unsigned } from './encode-response.ts'

type PartEvent = Extract<IrEvent, { readonly part: number }>
type Step<T extends PartEvent['type']> = Extract<PartEvent, { readonly type: T }>

/** Each method gives entries for `choices`, one chunk each. */
export interface ChoiceEncoder {
  step(event: PartEvent, own: boolean): Members[]
  /** Members of this wire for the choice or its message, written with the next chunk. */
  addMembers(scope: 'choice' | 'message', members: Members): void
  finish(finish: Finish): void
  /** The last chunks of the choice. */
  end(): Members[]
}

interface OpenPart {
  readonly type: PartOpening['type']
  readonly kind?: string
  readonly spelling?: ReasoningSpelling
  /** The number of the call. */
  readonly index: number
  readonly custom: boolean
  readonly legacy: boolean
  /** Whether any input, or text, came. */
  length: number
  readonly start: number
  readonly citations: Citation[]
}

/** The encoder of one choice. */
export function createChoiceEncoder(choice: number, losses: AnswerLosses): ChoiceEncoder {
  const parts = new Map<number, OpenPart>()
  let pendingDelta: Members = {}
  let pendingChoice: Members = {}
  let begun = false
  let calls = 0
  let legacyCalls = 0
  let reasonings = 0
  let textLength = 0
  let heard = false
  let ending: Finish | undefined
  /** The entry that opens a call, until the next event: its signature belongs into it, as clients look nowhere else. */
  let opened: { readonly part: number; readonly entry: Members } | undefined

  function flushOpened(signature?: string): Members[] {
    const held = opened
    opened = undefined
    return held === undefined ? [] : [entry({ tool_calls: [withSignature(held.entry, signature)] })]
  }

  /** A chunk; the first one says the role, and whether there is text to come. */
  function entry(delta: Members, finishReason: string | null = null): Members {
    const opening = begun ? {} : { role: 'assistant', content: null }
    begun = true
    const merged = { ...opening, ...pendingDelta, ...delta }
    const record = { index: choice, delta: merged, finish_reason: finishReason, ...pendingChoice }
    pendingDelta = {}
    pendingChoice = {}
    return record
  }

  /** The role chunk on its own, as OpenAI sends it. */
  function begin(content: '' | null): Members[] {
    return begun ? [] : [entry('content' in pendingDelta ? {} : { content })]
  }

  function open(event: Step<'part-start'>, own: boolean): Members[] {
    const { opening } = event
    if (!own && 'extras' in opening) losses.dropKeys(opening.extras, '')
    const aside = asideOf('extras' in opening ? opening.extras : undefined)
    const legacy = own && aside.legacy === true
    const spelling = opening.type === 'reasoning' ? reasoningSpelling(opening, own) : undefined
    parts.set(event.part, {
      type: opening.type,
      index: opening.type === 'tool-call' ? calls - legacyCalls : 0,
      custom: opening.type === 'tool-call' && opening.kind === 'custom',
      legacy,
      length: 0,
      start: textLength,
      citations: [],
      ...(opening.type === 'opaque' && { kind: opening.kind }),
      ...(spelling !== undefined && { spelling }),
    })
    switch (opening.type) {
      case 'text':
        return begin('')
      case 'refusal':
        return begin(null)
      case 'reasoning':
        return openReasoning(opening, spelling, own)
      case 'tool-call':
        return openCall(event, opening, legacy, own)
      case 'opaque':
        return openOpaque(opening, own)
    }
  }

  function reasoningSpelling(opening: PartOpening & { type: 'reasoning' }, own: boolean): ReasoningSpelling {
    const kept = own ? asideOf(opening.extras).reasoning : undefined
    return kept ?? foreignSpelling(reasonings++, opening.redacted !== undefined)
  }

  function openReasoning(
    { redacted }: PartOpening & { type: 'reasoning' },
    spelling: ReasoningSpelling | undefined,
    own: boolean,
  ): Members[] {
    const role = begin(own ? null : '')
    if (spelling === undefined || (redacted === undefined && spelling.entry === undefined)) return role
    return [...role, entry(writeReasoning({ ...spelling, keys: [] }, redacted === undefined ? {} : { redacted }))]
  }

  function openCall(
    { part }: Step<'part-start'>,
    opening: PartOpening & { type: 'tool-call' },
    legacy: boolean,
    own: boolean,
  ): Members[] {
    const role = begin(null)
    const index = calls - legacyCalls
    calls++
    const members = own ? ownMembers(opening.extras) : {}
    if (legacy) {
      legacyCalls++
      return [...role, entry({ function_call: { name: opening.name, arguments: '', ...members } })]
    }
    const key = opening.kind === 'custom' ? 'custom' : 'function'
    // The id was minted where the provider had none; the position is this stream's own.
    const { [key]: inner, id: _id, index: _index, ...others } = members
    const called = {
      name: opening.name,
      [key === 'custom' ? 'input' : 'arguments']: '',
      ...(isObject(inner) ? inner : {}),
    }
    opened = { part, entry: { index, id: opening.id, type: key, [key]: called, ...others } }
    return role
  }

  function openOpaque(opening: PartOpening & { type: 'opaque' }, own: boolean): Members[] {
    if (!own) {
      losses.drop(opening.kind, 'the wire has no such content')
      return []
    }
    if (opening.kind !== audioKind) return [...begin(''), entry({ content: [opening.value] })]
    heard = true
    return isPlaceholder(opening.value) ? begin(null) : [...begin(null), entry({ audio: opening.value })]
  }

  function input(part: OpenPart, text: string): Members {
    if (part.legacy) return { function_call: { arguments: text } }
    const called = part.custom ? { custom: { input: text } } : { function: { arguments: text } }
    return { tool_calls: [{ index: part.index, ...called }] }
  }

  function annotations(part: OpenPart): unknown[] {
    return part.citations.flatMap((citation) => {
      const encoded = encodeCitation(citation, part)
      if (encoded === undefined) losses.drop(losses.citationOf(citation), unlinked)
      return encoded === undefined ? [] : [encoded]
    })
  }

  function close(part: OpenPart, event: Step<'part-end'>, own: boolean): Members[] {
    if (part.type === 'text') {
      const links = annotations(part)
      return links.length > 0 ? [entry({ annotations: links })] : []
    }
    if (part.type !== 'tool-call' || part.legacy) return []
    // A call without any arguments: clients parse what they get, and empty text is no JSON.
    const missing = part.length === 0 && !own && !part.custom ? [entry(input(part, '{}'))] : []
    const late = own ? ownMembers(event.extras) : {}
    const isLate = Object.keys(late).length > 0
    return [...missing, ...(isLate ? [entry({ tool_calls: [{ index: part.index, ...late }] })] : [])]
  }

  function grow(part: OpenPart, text: string, delta: Members): Members[] {
    if (text === '') return []
    part.length += text.length
    if (part.type === 'text') textLength += text.length
    return [entry(delta)]
  }

  function cite(part: OpenPart, citation: Citation, own: boolean): Members[] {
    if (own) return [entry({ annotations: [citation.value] })]
    // Where a cited text ends is only known when it has.
    part.citations.push(citation)
    return []
  }

  function sign(part: OpenPart, { signature }: Step<'signature-delta'>, spelling: ReasoningSpelling): Members[] {
    if (part.type === 'reasoning') return [entry(writeReasoning(spelling, { signature }))]
    if (part.type !== 'tool-call' || part.legacy) {
      losses.drop(losses.signatureOf(undefined), unsigned)
      return []
    }
    return [entry({ tool_calls: [withSignature({ index: part.index }, signature)] })]
  }

  function dispatch(part: OpenPart, event: PartEvent, own: boolean): Members[] {
    const spelling = part.spelling ?? { keys: [] }
    switch (event.type) {
      case 'part-start':
        return []
      case 'text-delta':
        return grow(part, event.text, { content: event.text })
      case 'refusal-delta':
        return grow(part, event.text, { refusal: event.text })
      case 'reasoning-delta':
        return grow(part, event.text, writeReasoning(withoutEntry(spelling), { text: event.text }))
      case 'signature-delta':
        return sign(part, event, spelling)
      case 'tool-input-delta':
        return grow(part, event.text, input(part, event.text))
      case 'citation-add':
        return cite(part, event.citation, own)
      case 'opaque-delta':
        return own && part.kind === audioKind ? [entry({ audio: event.value })] : []
      case 'part-end':
        return close(part, event, own)
    }
  }

  return {
    step(event, own) {
      if (event.type === 'signature-delta' && opened?.part === event.part) return flushOpened(event.signature)
      const held = flushOpened()
      if (event.type === 'part-start') return [...held, ...open(event, own)]
      const part = parts.get(event.part)
      return part === undefined ? held : [...held, ...dispatch(part, event, own)]
    },
    addMembers(scope, members) {
      if (scope === 'choice') {
        const { finish_reason: _finish, ...rest } = members
        pendingChoice = { ...pendingChoice, ...rest }
        return
      }
      const kept = Object.entries(members).filter(([key, value]) => !isRepeated(key, value, heard))
      pendingDelta = { ...pendingDelta, ...Object.fromEntries(kept) }
    },
    finish(finish) {
      ending = finish
    },
    end() {
      const held = flushOpened()
      const pending = Object.keys(pendingDelta).length > 0
      const first = begun && !pending ? [] : [entry(begun || 'content' in pendingDelta ? {} : { content: '' })]
      const finish = ending ?? { class: 'stop' }
      const word = encodeFinish(finish, { count: calls, legacy: legacyCalls > 0 && legacyCalls === calls })
      return [...held, ...first, entry({}, word)]
    },
  }
}

/**
 * Whether a member of a whole message has no place in a stream: reasoning and audio that parts have said already, and
 * empty records (Snowflake's nameless `function_call`), which make the official SDKs give up.
 */
function isRepeated(key: string, value: unknown, heard: boolean): boolean {
  if (isPlaceholder(value)) return typeof value === 'object' && !Array.isArray(value)
  return reasoningKeys.includes(key) || (key === 'audio' && heard)
}

// The entry itself was written when the part began.
function withoutEntry(spelling: ReasoningSpelling): ReasoningSpelling {
  const { entry: _entry, ...rest } = spelling
  return rest
}
