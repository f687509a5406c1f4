// What a healthy provider answers on the Chat and Messages wires, and how a failing one words its errors.
import { chatAnswer, chatChunk, messageStream } from '../support/upstream.ts'
import { respond, sse, type HeaderLines, type Reaction, type Received } from './fault-upstream.ts'

/** A whole Chat stream, event by event; the last is `[DONE]`. */
export function chatEvents(text: string): readonly string[] {
  const words = text.match(/\S+\s*/g) ?? []
  const usage = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'up', choices: [] }
  const tokens = { prompt_tokens: 9, completion_tokens: words.length, total_tokens: 9 + words.length }
  return [
    chatChunk({ role: 'assistant', content: '' }),
    ...words.map((content) => chatChunk({ content })),
    chatChunk({}, 'stop'),
    `data: ${JSON.stringify({ ...usage, usage: tokens })}\n\n`,
    'data: [DONE]\n\n',
  ]
}

/** Whether the request wants a stream. */
export function wantsStream({ body }: Received): boolean {
  return /"stream"\s*:\s*true/.test(body)
}

/** Answers as a healthy provider of the Chat wire does, streamed or whole as it was asked. */
export function healthyChat(text: string): Reaction {
  return (received) => (wantsStream(received) ? sse(chatEvents(text)) : respond(200, chatAnswer(text)))
}

/** Answers a stream as a healthy provider of the Messages wire does. */
export function healthyMessages(text: string): Reaction {
  const { open, close } = messageStream([text])
  return sse([...open, ...close])
}

/** The key that a request came with, whatever header it stood in. */
export function keyOf({ headers }: Received): string {
  return (headers['authorization'] ?? headers['x-api-key'] ?? headers['x-goog-api-key'] ?? '').replace('Bearer ', '')
}

/**
 * An error in OpenAI's words that repeats the key it was sent, in its message and in a header: no error may carry that on.
 * @see https://platform.openai.com/docs/guides/error-codes
 */
export function openaiError(status: number, error: object = {}, headers: HeaderLines = {}): Reaction {
  return (received) =>
    respond(
      status,
      { error: { message: `no luck with ${keyOf(received)}`, type: 'some_error', param: null, code: null, ...error } },
      { 'x-request-id': `for-${keyOf(received)}`, ...headers },
    )
}

/** The same in Anthropic's words. */
export function anthropicError(status: number, type: string, headers: HeaderLines = {}): Reaction {
  return (received) =>
    respond(status, { type: 'error', error: { type, message: `no luck with ${keyOf(received)}` } }, headers)
}
