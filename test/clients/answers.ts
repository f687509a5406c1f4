// What a provider answers in each scenario, told once as plain data and spelled on both wires, streamed and whole.
import { chatChunk, messageEvent } from '../support/upstream.ts'

export interface ScriptedAnswer {
  readonly thinking?: string
  readonly text?: string
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly input: object }[]
}

const signature = 'c2lnbmF0dXJl'

/** A whole Chat completion. */
export function chatJson(answer: ScriptedAnswer): object {
  const calls = answer.calls?.map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.input) },
  }))
  const message = {
    role: 'assistant',
    content: answer.text ?? null,
    ...(answer.thinking !== undefined && { reasoning_content: answer.thinking }),
    ...(calls !== undefined && { tool_calls: calls }),
  }
  const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 }
  const choices = [{ index: 0, message, finish_reason: calls === undefined ? 'stop' : 'tool_calls' }]
  return { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'answering-model', choices, usage }
}

/** The same as chunks; tool arguments in fragments, parallel calls interleaved as OpenAI may send them. */
export function chatStream(answer: ScriptedAnswer): string[] {
  const calls = answer.calls ?? []
  const halves = calls.map((call) => halve(JSON.stringify(call.input)))
  const fragments = (half: 0 | 1): string[] =>
    halves.map((pair, index) => chatChunk({ tool_calls: [{ index, function: { arguments: pair[half] } }] }))
  return [
    chatChunk({ role: 'assistant', content: '' }),
    ...halve(answer.thinking).map((part) => chatChunk({ reasoning_content: part })),
    ...halve(answer.text).map((part) => chatChunk({ content: part })),
    ...calls.map((call, index) =>
      chatChunk({
        tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }],
      }),
    ),
    ...fragments(0),
    ...fragments(1),
    chatChunk({}, calls.length > 0 ? 'tool_calls' : 'stop'),
    `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'up', choices: [], usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } })}\n\n`,
    'data: [DONE]\n\n',
  ]
}

function blocksOf(answer: ScriptedAnswer): object[] {
  return [
    ...(answer.thinking === undefined ? [] : [{ type: 'thinking', thinking: answer.thinking, signature }]),
    ...(answer.text === undefined ? [] : [{ type: 'text', text: answer.text }]),
    ...(answer.calls ?? []).map((call) => ({ type: 'tool_use', id: call.id, name: call.name, input: call.input })),
  ]
}

/** A whole Anthropic message. */
export function messageJson(answer: ScriptedAnswer): object {
  const stop = answer.calls === undefined ? 'end_turn' : 'tool_use'
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'answering-model',
    content: blocksOf(answer),
    stop_reason: stop,
    stop_sequence: null,
    usage: { input_tokens: 11, output_tokens: 7 },
  }
}

/** The same as events. */
export function messageStreamOf(answer: ScriptedAnswer): string[] {
  const message = {
    ...messageJson(answer),
    content: [],
    stop_reason: null,
    usage: { input_tokens: 11, output_tokens: 1 },
  }
  const blocks: { start: object; deltas: object[] }[] = []
  if (answer.thinking !== undefined)
    blocks.push({
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        ...halve(answer.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature },
      ],
    })
  if (answer.text !== undefined)
    blocks.push({
      start: { type: 'text', text: '' },
      deltas: halve(answer.text).map((text) => ({ type: 'text_delta', text })),
    })
  for (const call of answer.calls ?? [])
    blocks.push({
      start: { type: 'tool_use', id: call.id, name: call.name, input: {} },
      deltas: ['', ...halve(JSON.stringify(call.input))].map((partial_json) => ({
        type: 'input_json_delta',
        partial_json,
      })),
    })
  return [
    messageEvent('message_start', { message }),
    messageEvent('ping'),
    ...blocks.flatMap((block, index) => [
      messageEvent('content_block_start', { index, content_block: block.start }),
      ...block.deltas.map((delta) => messageEvent('content_block_delta', { index, delta })),
      messageEvent('content_block_stop', { index }),
    ]),
    messageEvent('message_delta', {
      delta: { stop_reason: answer.calls === undefined ? 'end_turn' : 'tool_use', stop_sequence: null },
      usage: { output_tokens: 7 },
    }),
    messageEvent('message_stop'),
  ]
}

function halve(text: string | undefined): [string, string] | [] {
  if (text === undefined) return []
  const middle = Math.floor(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)]
}
