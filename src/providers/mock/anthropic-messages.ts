// Spells the mock's answer on the Anthropic Messages wire.
// @see https://platform.claude.com/docs/en/build-with-claude/streaming
import { words, type MockAnswer } from './answer.ts'
import { countCheck, messagesCheck } from './check-anthropic-messages.ts'
import { joined, objectOf, objectsIn, textIn } from './check.ts'
import type { Heard, Members, MockCounter, MockFailure, MockRequest, MockWire } from './wire.ts'

interface Block {
  readonly start: object
  readonly deltas: readonly object[]
  readonly whole: object
}

function blocks(answer: MockAnswer): readonly Block[] {
  const { thinking, signature, text } = answer
  const found: Block[] = []
  if (thinking !== '')
    found.push({
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        ...words(thinking).map((word) => ({ type: 'thinking_delta', thinking: word })),
        { type: 'signature_delta', signature },
      ],
      whole: { type: 'thinking', thinking, signature },
    })
  if (text !== '')
    found.push({
      start: { type: 'text', text: '' },
      deltas: words(text).map((word) => ({ type: 'text_delta', text: word })),
      whole: { type: 'text', text },
    })
  for (const { name, input, ...call } of answer.toolCalls) {
    const id = call.id.replace('call', 'toolu')
    found.push({
      start: { type: 'tool_use', id, name, input: {} },
      deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(input) }],
      whole: { type: 'tool_use', id, name, input },
    })
  }
  return found
}

/** The events of a block in pieces with one delta each: the first opens it, the last closes it. */
function pieces(block: Block, index: number): string[] {
  const deltas = block.deltas.map((delta) => event('content_block_delta', { index, delta }))
  return deltas.map(
    (delta, position) =>
      (position === 0 ? event('content_block_start', { index, content_block: block.start }) : '') +
      delta +
      (position === deltas.length - 1 ? event('content_block_stop', { index }) : ''),
  )
}

// A refusal has no content: it says why beside it.
function ending(answer: MockAnswer): object {
  const stop_reason = answer.toolCalls.length > 0 ? 'tool_use' : 'end_turn'
  if (answer.refusal === '') return { stop_reason, stop_sequence: null }
  return {
    stop_reason: 'refusal',
    stop_sequence: null,
    stop_details: { type: 'refusal', category: null, explanation: answer.refusal },
  }
}

function head(answer: MockAnswer): object {
  return { id: 'msg_mock', type: 'message', role: 'assistant', model: answer.model }
}

function hear({ body }: MockRequest): Heard {
  const messages = objectsIn(body['messages'])
  const turns = messages.map((message) => contentOf(message))
  const last = messages.at(-1)?.['role'] === 'user' ? (turns.at(-1) ?? []) : []
  const results = last.filter((block) => block['type'] === 'tool_result')
  const choice = objectOf(body['tool_choice'])
  const format = objectOf(objectOf(body['output_config'])['format'] ?? body['output_format'])
  return {
    everything: joined([textOf(blocksIn(body['system'])), ...turns.map((turn) => textOf(turn))]),
    said: textOf(turns.findLast((turn, index) => messages[index]?.['role'] === 'user' && textOf(turn) !== '') ?? []),
    ...(results.length > 0 && { results: joined(results.map((result) => textOf(contentOf(result)))) }),
    tools: objectsIn(body['tools'])
      .filter((tool) => tool['input_schema'] !== undefined)
      .map((tool) => ({ name: textIn(tool['name']), schema: tool['input_schema'] })),
    ...((choice['type'] === 'any' || choice['type'] === 'tool') && { forced: textIn(choice['name']) }),
    ...(format['schema'] !== undefined && { schema: format['schema'] }),
    calls: turns.flat().filter(isCall).length,
    signer: 'messages',
    isThoughtless: !['enabled', 'adaptive'].includes(textIn(objectOf(body['thinking'])['type'])),
    thoughts: turns.flatMap((turn) => {
      const calls = turn.filter(isCall).map((call) => textIn(call['id']))
      const thought = turn.find((block) => block['type'] === 'thinking')
      if (thought === undefined) return calls.length === 0 ? [] : [{ calls }]
      return [{ calls, signature: textIn(thought['signature']), text: textIn(thought['thinking']) }]
    }),
  }
}

function isCall(block: Members): boolean {
  return block['type'] === 'tool_use'
}

function contentOf(holder: Members): readonly Members[] {
  return blocksIn(holder['content'])
}

function blocksIn(content: unknown): readonly Members[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : objectsIn(content)
}

function textOf(content: readonly Members[]): string {
  return joined(content.map((block) => (block['type'] === 'text' ? textIn(block['text']) : '')))
}

function failure(status: number, message: string): MockFailure {
  return { body: { type: 'error', error: { type: errorTypes.get(status) ?? 'api_error', message }, request_id: null } }
}

// https://platform.claude.com/docs/en/api/errors
const errorTypes: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
])

/** The mock on `/v1/messages`. */
export const messagesWire: MockWire = {
  check: messagesCheck,
  hear,
  json: (answer) => ({
    ...head(answer),
    content: blocks(answer).map((block) => block.whole),
    ...ending(answer),
    usage: { input_tokens: answer.inputTokens, output_tokens: answer.outputTokens },
  }),
  stream(answer) {
    const { inputTokens, outputTokens } = answer
    const message = {
      ...head(answer),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: inputTokens, output_tokens: 1 },
    }
    return {
      contentType: 'text/event-stream',
      start: event('message_start', { message }) + event('ping', {}),
      content: blocks(answer).flatMap(pieces),
      end:
        event('message_delta', { delta: ending(answer), usage: { output_tokens: outputTokens } }) +
        event('message_stop', {}),
      error: () => event('error', { error: { type: 'api_error', message: 'the mock was told to fail' } }),
    }
  },
  failure,
}

/** The mock on `/v1/messages/count_tokens`. */
export const messagesCounter: MockCounter = {
  check: countCheck,
  hear,
  count: (tokens) => ({ input_tokens: tokens }),
  failure,
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}
