// What a legal stream of this wire is: one start, blocks one after the other under dense indexes, a stop reason that
// agrees with what was called, and the counts.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { StreamGrammar, Violation } from '../dialect.ts'
import { createGrammar, flagInput, objectIn, violation, type Flag, type FrameRole } from '../kit/grammar.ts'
import { countOf, textOf } from '../kit/present.ts'
import { serverTool } from './decode-content.ts'
import { objectOf, type Members } from './extras.ts'

/** The deltas that each block takes. A block of text or reasoning has no start: its first delta says what it is. */
const deltasOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['text', ['text', 'citation']],
  ['reasoningContent', ['reasoningContent']],
  ['toolUse', ['toolUse']],
  ['toolResult', ['toolResult']],
  ['image', ['image']],
])

const startless: ReadonlyMap<string, string> = new Map([
  ['text', 'text'],
  ['citation', 'text'],
  ['reasoningContent', 'reasoningContent'],
])

const words: ReadonlySet<unknown> = new Set([
  'end_turn',
  'tool_use',
  'max_tokens',
  'stop_sequence',
  'guardrail_intervened',
  'content_filtered',
  'malformed_model_output',
  'malformed_tool_use',
  'model_context_window_exceeded',
])

/** Endings that say that nothing is left to do, which is untrue while a tool call waits for its result. */
const finals: ReadonlySet<unknown> = new Set(['end_turn', 'stop_sequence'])

const counters = ['inputTokens', 'outputTokens', 'totalTokens']

interface OpenBlock {
  readonly kind: string
  readonly started: boolean
  /** Fragments of the input of a tool, of the client's or the provider's. */
  readonly input: string[]
  said: boolean
}

/** A grammar for one stream. */
export function createStreamGrammar(): StreamGrammar {
  return createGrammar((flag) => ({ step: createRules(flag) }))
}

function createRules(flag: Flag): (frame: Frame) => FrameRole | Violation {
  let stage: 'fresh' | 'started' | 'finished' = 'fresh'
  let blocks = 0
  let open: OpenBlock | undefined
  let called = false
  /** A call that the client has to answer. */
  let waiting = false

  const at = (): string => `content[${Math.max(0, blocks - 1)}]`

  function begin(index: unknown, kind: string, started: boolean): OpenBlock | Violation {
    if (open !== undefined) return violation('block-inside-block', `${at()}: the block before it has not stopped`)
    if (index !== blocks) return violation('block-index', `content[${blocks}]: not the next index`)
    blocks++
    open = { kind, started, input: [], said: false }
    return open
  }

  function openBlock(event: Members): FrameRole | Violation {
    const [kind = '', start] = Object.entries(objectOf(event['start']))[0] ?? []
    if (!deltasOf.has(kind) || startless.has(kind))
      return violation('block-type', 'a start that the wire does not have')
    const opened = begin(event['contentBlockIndex'], kind, true)
    if ('rule' in opened) return opened
    if (kind !== 'toolUse') return 'inner'
    const { toolUseId, name, type } = objectOf(start)
    if (textOf(toolUseId) === undefined || textOf(name) === undefined)
      return violation('call-incomplete', `${at()}: no id or name`)
    called = true
    waiting ||= type !== serverTool
    return 'inner'
  }

  function grow(event: Members): FrameRole | Violation {
    const [kind = '', delta] = Object.entries(objectOf(event['delta']))[0] ?? []
    if (open === undefined) {
      const implied = startless.get(kind)
      if (implied === undefined) return violation('delta-outside-block', 'contentBlockDelta: no block is open')
      const opened = begin(event['contentBlockIndex'], implied, false)
      if ('rule' in opened) return opened
    }
    if (open === undefined || event['contentBlockIndex'] !== blocks - 1)
      return violation('block-index', `${at()}: a delta of another block`)
    if (deltasOf.get(open.kind)?.includes(kind) !== true)
      return violation('delta-type', `${at()}: a delta of another kind than its block`)
    open.said ||= kind === 'citation' || says(delta)
    if (kind !== 'toolUse') return 'inner'
    const { input } = objectOf(delta)
    if (typeof input !== 'string') return violation('delta-type', `${at()}: an input fragment that is no text`)
    open.input.push(input)
    return 'inner'
  }

  function close(event: Members): FrameRole | Violation {
    if (open === undefined) return violation('stop-outside-block', 'contentBlockStop: no block is open')
    if (event['contentBlockIndex'] !== blocks - 1) return violation('block-index', `${at()}: the stop of another block`)
    if (!open.started && !open.said) return violation('empty-block', `${at()}: says nothing`)
    if (open.input.some((fragment) => fragment !== '')) flagInput(open.input, `${at()}.input`, flag)
    open = undefined
    return 'inner'
  }

  function finish(event: Members): FrameRole | Violation {
    if (open !== undefined) return violation('finish-inside-block', `${at()}: messageStop before its stop`)
    const reason = event['stopReason']
    if (!words.has(reason)) return violation('stop-reason', 'messageStop: a stopReason that the wire does not define')
    if (waiting ? finals.has(reason) : reason === 'tool_use' && !called)
      return violation('finish-against-content', `stopReason: ${waiting ? 'a tool was' : 'no tool was'} called`)
    stage = 'finished'
    return 'inner'
  }

  function count(event: Members): FrameRole | Violation {
    if (stage !== 'finished') return violation('out-of-order', 'metadata: not behind messageStop')
    const usage = objectOf(event['usage'])
    if (counters.some((name) => countOf(usage[name]) === undefined)) return violation('no-usage', 'metadata: no usage')
    return isObject(event['metrics']) ? 'end' : violation('no-metrics', 'metadata: no metrics')
  }

  function inMessage(type: string, event: Members): FrameRole | Violation {
    if (stage !== 'started') return violation('out-of-order', `${type}: not between messageStart and messageStop`)
    switch (type) {
      case 'contentBlockDelta':
        return grow(event)
      case 'contentBlockStart':
        return openBlock(event)
      case 'contentBlockStop':
        return close(event)
      default:
        return finish(event)
    }
  }

  return (frame) => {
    const event = objectIn(frame)
    if (frame.kind !== undefined) return 'error'
    if (event === undefined) return violation('not-an-event', 'a frame that is no JSON object')
    const type = frame.event ?? ''
    switch (type) {
      case 'contentBlockDelta':
      case 'contentBlockStart':
      case 'contentBlockStop':
      case 'messageStop':
        return inMessage(type, event)
      case 'messageStart':
        if (stage !== 'fresh') return violation('second-start', 'messageStart: the message has begun already')
        if (event['role'] !== 'assistant') return violation('start-incomplete', 'messageStart: not the assistant')
        stage = 'started'
        return 'inner'
      case 'metadata':
        return count(event)
      default:
        return violation('unknown-event', 'an event that the wire does not define')
    }
  }
}

function says(delta: unknown): boolean {
  if (typeof delta === 'string') return delta !== ''
  return isObject(delta) ? Object.values(delta).some((value) => value !== '') : Array.isArray(delta)
}
