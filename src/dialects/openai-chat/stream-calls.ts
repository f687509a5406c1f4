// The tool calls of one choice, put together from fragments. Owns which call a fragment belongs to.
//
// Fragments say it in every way there is: by index (OpenAI), from index 1 on (Anthropic's compatible endpoint), all by
// index 0 with an id each (Gemini), without index (Ollama, Mistral), with an empty id on each (Alibaba), without any id.
import type { IrEvent } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import { splitSignature } from './call-signature.ts'
import { inputText } from './decode-assistant.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { extrasOf, unknownMembers, type Members } from './extras.ts'
import { isWholeInput, type AnswerContent } from '../openai-wire/answer-content.ts'
import { present, textOf } from '../kit/present.ts'

interface OpenCall {
  id: string | undefined
  name: string | undefined
  /** Its number once it was announced; a call is announced when its name is known. */
  part: number | undefined
  readonly custom: boolean
  readonly legacy: boolean
  readonly fragments: string[]
  /** Until the call is announced. */
  signature: string | undefined
  /** Members that only this wire knows: before it is announced, and after. */
  extras: Members
  late: Members
  ended: boolean
}

export interface StreamCalls {
  /** Takes an entry of `tool_calls`. */
  add(entry: Members, events: IrEvent[]): void
  /** Takes a fragment of the pre-tools `function_call`. */
  addLegacy(called: Members, events: IrEvent[]): void
  /** Ends the calls whose arguments are whole, so that a sequential wire can write them. */
  endWhole(events: IrEvent[]): void
  /** The answer is over: ends all. */
  end(events: IrEvent[]): void
  content(): Pick<AnswerContent, 'calls' | 'cut'>
}

interface CallsOptions {
  readonly choice: number
  readonly nextPart: () => number
  readonly mintId: () => string
}

const entryMembers = new Set(['index', 'id', 'type', 'function'])
const customEntryMembers = new Set(['index', 'id', 'type', 'custom'])
const calledMembers = new Set(['name', 'arguments', 'input'])

/** The calls of one choice of a stream. */
export function createStreamCalls({ choice, nextPart, mintId }: CallsOptions): StreamCalls {
  const calls: OpenCall[] = []
  const byIndex = new Map<number, OpenCall>()
  let legacyCall: OpenCall | undefined

  function find(index: number | undefined, id: string | undefined, name: string | undefined): OpenCall | undefined {
    const known = id === undefined ? undefined : calls.find((call) => call.id === id)
    if (known !== undefined) return known
    const near = index === undefined ? calls.findLast((call) => !call.legacy) : byIndex.get(index)
    // Only a name opens a call: whatever comes without one goes on with what is there.
    if (near === undefined || name === undefined || near.name === undefined) return near
    if (id !== undefined && near.id !== undefined) return undefined
    return isRepeated(near, name, index) ? near : undefined
  }

  function open(fields: Pick<OpenCall, 'custom' | 'legacy'>, events: IrEvent[]): OpenCall {
    endWhole(events)
    const call: OpenCall = {
      ...fields,
      id: undefined,
      name: undefined,
      part: undefined,
      fragments: [],
      signature: undefined,
      extras: {},
      late: {},
      ended: false,
    }
    calls.push(call)
    return call
  }

  function announce(call: OpenCall, events: IrEvent[]): void {
    if (call.part !== undefined || call.name === undefined) return
    call.part = nextPart()
    const extras = extrasOf(call.extras, new Set(), call.legacy ? { legacy: true } : {})
    const kind = call.custom ? ({ kind: 'custom' } as const) : {}
    const opening = {
      type: 'tool-call',
      id: call.id ?? mintId(),
      name: call.name,
      ...kind,
      ...present({ extras }),
    } as const
    events.push({ type: 'part-start', part: call.part, choice, opening })
    sign(call, call.signature, events)
    // Arguments may come before the name.
    for (const text of call.fragments) events.push({ type: 'tool-input-delta', part: call.part, text })
  }

  function sign(call: OpenCall, signature: string | undefined, events: IrEvent[]): void {
    if (signature === undefined) return
    if (call.part === undefined) call.signature = signature
    else if (!call.ended) events.push({ type: 'signature-delta', part: call.part, signature })
  }

  function grow(call: OpenCall, text: string, events: IrEvent[]): void {
    if (text === '') return
    if (call.ended) {
      events.push({ type: 'event-skip', kind: 'tool_calls', reason: 'arguments after those of the call were whole' })
      return
    }
    call.fragments.push(text)
    if (call.part !== undefined) events.push({ type: 'tool-input-delta', part: call.part, text })
  }

  function finish(call: OpenCall, events: IrEvent[]): void {
    if (call.ended || call.part === undefined) return
    call.ended = true
    events.push({ type: 'part-end', part: call.part, ...present({ extras: extrasOf(call.late, new Set()) }) })
  }

  function endWhole(events: IrEvent[]): void {
    for (const call of calls) if (isWhole(call)) finish(call, events)
  }

  return {
    add(record, events) {
      const { signature, rest: entry } = splitSignature(record)
      const custom = isCustom(entry)
      const called = entry[custom ? 'custom' : 'function']
      const inner: Members = isObject(called) ? called : {}
      const name = textOf(inner['name'])
      const id = textOf(entry['id'])
      const index = Number.isSafeInteger(entry['index']) ? (entry['index'] as number) : undefined
      const text = inputText(inner[custom ? 'input' : 'arguments'])
      let call = find(index, id, name)
      if (call === undefined) {
        const { index: _index, type: _type, ...rest } = entry
        if (isPlaceholder(rest) && signature === undefined) return
        call = open({ custom, legacy: false }, events)
      }
      if (index !== undefined) byIndex.set(index, call)
      call.id ??= call.part === undefined ? id : undefined
      call.name ??= name
      keepMembers(call, membersOf(entry, custom, inner))
      sign(call, signature, events)
      announce(call, events)
      grow(call, text, events)
    },
    addLegacy(called, events) {
      legacyCall ??= open({ custom: false, legacy: true }, events)
      legacyCall.name ??= textOf(called['name'])
      keepMembers(legacyCall, unknownMembers(called, calledMembers).said)
      announce(legacyCall, events)
      grow(legacyCall, inputText(called['arguments']), events)
    },
    endWhole,
    end(events) {
      for (const call of calls) {
        if (call.part === undefined)
          events.push({ type: 'event-skip', kind: 'tool_calls', reason: 'a call that was never named' })
        finish(call, events)
      }
    },
    content() {
      const usable = calls.filter((call) => call.part !== undefined)
      return {
        calls: usable.length,
        cut: usable.some((call) => !call.custom && !isWholeInput(call.fragments.join(''))),
      }
    },
  }
}

/** Some providers repeat the name on every fragment; a whole call before it means that this is the next one. */
function isRepeated(call: OpenCall, name: string, index: number | undefined): boolean {
  if (call.name !== name || isWhole(call)) return false
  return index !== undefined || call.fragments.length > 0
}

/** Whether a call has arguments and all of them. */
function isWhole(call: OpenCall): boolean {
  return !call.custom && call.fragments.length > 0 && isWholeInput(call.fragments.join(''))
}

/** Whether an entry is of a free-text tool: those that go on with a call do not always say so again. */
function isCustom({ type, custom, function: called }: Members): boolean {
  return type === 'custom' || (textOf(type) === undefined && isObject(custom) && !isObject(called))
}

function membersOf(entry: Members, custom: boolean, called: Members): Members {
  const outer = unknownMembers(entry, custom ? customEntryMembers : entryMembers).said
  const inner = unknownMembers(called, calledMembers).said
  return Object.keys(inner).length > 0 ? { ...outer, [custom ? 'custom' : 'function']: inner } : outer
}

function keepMembers(call: OpenCall, members: Members): void {
  if (Object.keys(members).length === 0) return
  if (call.part === undefined) call.extras = { ...call.extras, ...members }
  else call.late = { ...call.late, ...members }
}
