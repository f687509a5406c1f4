// How OpenAI refuses and fails, on each of its wires. https://platform.openai.com/docs/guides/error-codes
import type { ErrorAnswer } from './wire.ts'

const errors = {
  400: {
    message: "Unsupported value: 'temperature'",
    type: 'invalid_request_error',
    param: 'temperature',
    code: 'unsupported_value',
  },
  429: { message: 'Rate limit reached', type: 'requests', param: null, code: 'rate_limit_exceeded' },
  500: { message: 'The server had an error', type: 'server_error', param: null, code: null },
} as const

export function openaiError(status: 400 | 429 | 500): ErrorAnswer {
  return { body: { error: errors[status] }, headers: status === 429 ? { 'retry-after': '7' } : {} }
}
