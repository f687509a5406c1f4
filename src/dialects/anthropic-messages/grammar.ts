// What a legal stream of this wire is: one start, blocks one after the other under dense indexes, one message_delta that
// agrees with what was called, one stop.
// https://platform.claude.com/docs/en/build-with-claude/streaming
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { StreamGrammar, Violation } from '../dialect.ts'
import { createGrammar, flagInput, objectIn, violation, type Flag, type FrameRole } from '../kit/grammar.ts'
import { listOf, objectOf, type Members } from './block-reader.ts'

const inputDelta: readonly string[] = ['input_json_delta']

/** The deltas that each block takes; a block that is not here is newer than this list. */
const deltasOf: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['text', ['text_delta', 'citations_delta']],
  ['thinking', ['thinking_delta', 'signature_delta']],
  ['tool_use', inputDelta],
  ['server_tool_use', inputDelta],
  ['mcp_tool_use', inputDelta],
  ['compaction', ['compaction_delta']],
  ...[
    'redacted_thinking',
    'web_search_tool_result',
    'web_fetch_tool_result',
    'code_execution_tool_result',
    'bash_code_execution_tool_result',
    'text_editor_code_execution_tool_result',
    'tool_search_tool_result',
    'mcp_tool_result',
    'advisor_tool_result',
    'container_upload',
    'fallback',
  ].map((type) => [type, []] as const),
])

/** Endings that say that nothing is left to do, which is untrue while a tool call waits for its result. */
const finals: ReadonlySet<unknown> = new Set(['end_turn', 'stop_sequence'])

interface OpenBlock {
  readonly deltas: readonly string[] | undefined
  /** Fragments of the input of a tool, of the client's or the provider's. */
  readonly input: string[]
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
  /** A call that the client has to answer: those of the provider's own code are over when the code is. */
  let waiting = false

  function start(event: Members): FrameRole | Violation {
    if (stage !== 'fresh') return violation('second-start', 'message_start: the message has begun already')
    const message = objectOf(event['message'])
    if (typeof message['id'] !== 'string' || typeof message['model'] !== 'string' || !isObject(message['usage']))
      return violation('start-incomplete', 'message_start: no id, model or usage')
    called = listOf(message['content']).some((block) => block['type'] === 'tool_use')
    stage = 'started'
    return 'inner'
  }

  function openBlock(event: Members): FrameRole | Violation {
    if (open !== undefined) return violation('block-inside-block', `${at()}: the block before it has not stopped`)
    if (event['index'] !== blocks) return violation('block-index', `content[${blocks}]: not the next index`)
    blocks++
    const { type, id, name, caller } = objectOf(event['content_block'])
    if (typeof type !== 'string') return violation('block-type', `${at()}: no type`)
    const isCall = type === 'tool_use'
    if (isCall && !(isName(id) && isName(name))) return violation('call-incomplete', `${at()}: no id or name`)
    called ||= isCall
    waiting ||= isCall && (objectOf(caller)['type'] ?? 'direct') === 'direct'
    open = { deltas: deltasOf.get(type), input: [] }
    // Clients have to expect new ones, and only their own provider can have sent them.
    if (open.deltas === undefined) flag('unknown-block', `${at()}: a block that Signalbox does not know yet`)
    return 'inner'
  }

  function at(): string {
    return `content[${blocks - 1}]`
  }

  function grow(event: Members): FrameRole | Violation {
    if (open === undefined) return violation('delta-outside-block', 'content_block_delta: no block is open')
    if (event['index'] !== blocks - 1) return violation('block-index', `${at()}: a delta of another block`)
    const { type, partial_json: fragment } = objectOf(event['delta'])
    if (typeof type !== 'string' || open.deltas?.includes(type) === false)
      return violation('delta-type', `${at()}: a delta of another kind than its block`)
    if (type === 'input_json_delta') {
      if (typeof fragment !== 'string') return violation('delta-type', `${at()}: an input fragment that is no text`)
      open.input.push(fragment)
    }
    return 'inner'
  }

  function close(event: Members): FrameRole | Violation {
    if (open === undefined) return violation('stop-outside-block', 'content_block_stop: no block is open')
    if (event['index'] !== blocks - 1) return violation('block-index', `${at()}: the stop of another block`)
    if (open.input.some((fragment) => fragment !== '')) flagInput(open.input, `${at()}.input`, flag)
    open = undefined
    return 'inner'
  }

  function finish(event: Members): FrameRole | Violation {
    if (open !== undefined) return violation('finish-inside-block', `${at()}: message_delta before its stop`)
    const { stop_reason: reason } = objectOf(event['delta'])
    if (typeof reason !== 'string') return violation('no-stop-reason', 'message_delta: no stop_reason')
    if (waiting ? finals.has(reason) : reason === 'tool_use' && !called)
      return violation('finish-against-content', `stop_reason: ${waiting ? 'a tool was' : 'no tool was'} called`)
    if (typeof objectOf(event['usage'])['output_tokens'] !== 'number')
      return violation('no-usage', 'message_delta: no usage')
    stage = 'finished'
    return 'inner'
  }

  function inMessage(type: string, event: Members): FrameRole | Violation {
    if (stage !== 'started') return violation('out-of-order', `${type}: not between message_start and message_delta`)
    switch (type) {
      case 'content_block_delta':
        return grow(event)
      case 'content_block_start':
        return openBlock(event)
      case 'content_block_stop':
        return close(event)
      default:
        return finish(event)
    }
  }

  return (frame) => {
    const event = objectIn(frame)
    const type = event?.['type']
    if (event === undefined || typeof type !== 'string') return violation('not-an-event', 'a frame without a type')
    if (frame.event !== type) return violation('event-name', `${type}: the event is named otherwise`)
    switch (type) {
      case 'content_block_delta':
      case 'content_block_start':
      case 'content_block_stop':
      case 'message_delta':
        return inMessage(type, event)
      case 'message_start':
        return start(event)
      case 'message_stop':
        return stage === 'finished' ? 'end' : violation('stop-too-early', 'message_stop: no message_delta before it')
      case 'ping':
        return 'inner'
      case 'error':
        return isObject(event['error']) ? 'error' : violation('error-incomplete', 'error: no error object')
      default:
        return violation('unknown-event', 'an event that the wire does not define')
    }
  }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
