// Spells the mock's answer on the Anthropic Messages wire.
// @see https://docs.anthropic.com/en/api/messages-streaming
import { words, type MockAnswer } from './answer.ts'
import type { MockWire } from './wire.ts'

type Block = { readonly start: object; readonly deltas: readonly object[]; readonly whole: object }

function blocks(answer: MockAnswer): readonly Block[] {
  const found: Block[] = []
  if (answer.thinking !== '')
    found.push({
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        ...words(answer.thinking).map((word) => ({ type: 'thinking_delta', thinking: word })),
        { type: 'signature_delta', signature: 'bW9jaw==' },
      ],
      whole: { type: 'thinking', thinking: answer.thinking, signature: 'bW9jaw==' },
    })
  if (answer.text !== '')
    found.push({
      start: { type: 'text', text: '' },
      deltas: words(answer.text).map((word) => ({ type: 'text_delta', text: word })),
      whole: { type: 'text', text: answer.text },
    })
  for (const call of answer.toolCalls) {
    const id = call.id.replace('call', 'toolu')
    found.push({
      start: { type: 'tool_use', id, name: call.name, input: {} },
      deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(call.input) }],
      whole: { type: 'tool_use', id, name: call.name, input: call.input },
    })
  }
  return found
}

function stopReason(answer: MockAnswer): string {
  return answer.toolCalls.length > 0 ? 'tool_use' : 'end_turn'
}

/** The mock on `/v1/messages`. */
export const messagesWire: MockWire = {
  json: (answer) => ({
    id: 'msg_mock',
    type: 'message',
    role: 'assistant',
    model: answer.model,
    content: blocks(answer).map((block) => block.whole),
    stop_reason: stopReason(answer),
    stop_sequence: null,
    usage: { input_tokens: answer.inputTokens, output_tokens: answer.outputTokens },
  }),
  stream(answer) {
    const message = {
      id: 'msg_mock',
      type: 'message',
      role: 'assistant',
      model: answer.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: answer.inputTokens, output_tokens: 1 },
    }
    return {
      start: event('message_start', { message }),
      content: blocks(answer).flatMap((block, index) => [
        event('content_block_start', { index, content_block: block.start }),
        ...block.deltas.map((delta) => event('content_block_delta', { index, delta })),
        event('content_block_stop', { index }),
      ]),
      end:
        event('message_delta', {
          delta: { stop_reason: stopReason(answer), stop_sequence: null },
          usage: { output_tokens: answer.outputTokens },
        }) + event('message_stop', {}),
      error: event('error', { error: { type: 'api_error', message: 'the mock was told to fail' } }),
    }
  },
  error: (status) => ({
    type: 'error',
    error: { type: 'api_error', message: `the mock was told to answer ${status}` },
  }),
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}
