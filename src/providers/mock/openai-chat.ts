// Spells the mock's answer on the OpenAI Chat wire.
// @see https://platform.openai.com/docs/api-reference/chat
import { words, type MockAnswer } from './answer.ts'
import type { MockWire } from './wire.ts'

const created = 1_700_000_000

function usage(answer: MockAnswer): object {
  const { inputTokens, outputTokens } = answer
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens }
}

function head(answer: MockAnswer, object: string): object {
  return { id: 'chatcmpl-mock', object, created, model: answer.model }
}

function calls(answer: MockAnswer): readonly object[] {
  return answer.toolCalls.map((call, index) => ({
    index,
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.input) },
  }))
}

/** The mock on `/chat/completions`. */
export const chatWire: MockWire = {
  json(answer) {
    const toolCalls = calls(answer)
    return {
      ...head(answer, 'chat.completion'),
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: answer.text === '' ? null : answer.text,
            ...(answer.thinking !== '' && { reasoning_content: answer.thinking }),
            ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
          },
          finish_reason: toolCalls.length > 0 ? 'tool_calls' : 'stop',
        },
      ],
      usage: usage(answer),
    }
  },
  stream(answer, body) {
    const chunk = (delta: object, finish: string | null = null): string =>
      data({ ...head(answer, 'chat.completion.chunk'), choices: [{ index: 0, delta, finish_reason: finish }] })
    const options = body['stream_options']
    const wantsUsage = typeof options === 'object' && options !== null && 'include_usage' in options
    const last = wantsUsage ? data({ ...head(answer, 'chat.completion.chunk'), choices: [], usage: usage(answer) }) : ''
    return {
      start: chunk({ role: 'assistant', content: '' }),
      content: [
        ...words(answer.thinking).map((word) => chunk({ reasoning_content: word })),
        ...words(answer.text).map((word) => chunk({ content: word })),
        ...calls(answer).map((call) => chunk({ tool_calls: [call] })),
      ],
      end: `${chunk({}, answer.toolCalls.length > 0 ? 'tool_calls' : 'stop')}${last}data: [DONE]\n\n`,
      error: data({ error: { message: 'the mock was told to fail', type: 'server_error', param: null, code: 'mock' } }),
    }
  },
  error: (status) => ({
    error: { message: `the mock was told to answer ${status}`, type: 'server_error', param: null, code: 'mock' },
  }),
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}
