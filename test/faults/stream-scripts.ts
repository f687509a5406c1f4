// What the rows of broken streams have in common: the streams, and what becomes of a request that meets one.
import { expect } from 'vitest'
import { messageStream } from '../support/upstream.ts'
import { chatEvents } from './answers.ts'
import type { Expectation, Seen } from './catalogue.ts'
import { sse, type Reaction, type StreamScript } from './fault-upstream.ts'

/** A whole Chat stream of three words. */
export const events = chatEvents('one two three')

/** The role and the first two words. */
export const begun = events.slice(0, 3)

/** The events of a Messages stream. */
export const messages = messageStream(['one ', 'two '])

/** What makes a provider speak it. */
export const anthropic = { api_formats: ['anthropic_messages'] }

/** Requests: a Chat stream, a Messages stream. */
export const streamed = { stream: true } as const
export const fromAnthropic = { stream: true, wire: 'anthropic-messages' } as const

/** Answered with these words and none of those, and nobody holds anything against the provider. */
export function served(says: readonly string[], never: readonly string[] = []): Expectation {
  return { alone: { status: 200, code: null, says, never }, leaves: 'nothing' }
}

/** Broken after content had left: nobody else is asked, and the client is told in the stream. */
export function brokenOff(code: string, says: readonly string[], outcome?: string): Expectation {
  const never = ['[DONE]', 'message_stop', 'three']
  return {
    alone: { status: 200, code, says: [...says, 'error'], never, ...(outcome !== undefined && { outcome }) },
    fallsBack: false,
    leaves: 'breaker',
  }
}

/** An error in the middle of a Chat stream. */
export function errorEvent(error: object): string {
  return `data: ${JSON.stringify({ error: { message: 'it broke', type: 'server_error', code: null, ...error } })}\n\n`
}

/** Bytes one by one, each a chunk of its own. */
export function drop(text: string): Uint8Array[] {
  return [...Buffer.from(text)].map((byte) => Uint8Array.of(byte))
}

/** The pieces as they are, with the upstream still open behind them: what comes then is the gateway's own decision. */
export function held(pieces: readonly (string | Uint8Array)[], script: StreamScript = {}): Reaction {
  return sse(pieces, { ...script, finally: 'hang' })
}

/** Within this time the gateway has closed its connection to the provider. */
export async function expectClosed({ received }: Seen, withinMs: number): Promise<void> {
  const [first] = received
  const closed = await Promise.race([
    first?.closed,
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), withinMs)),
  ])
  expect(closed, 'the connection to the provider was closed').toBeTypeOf('number')
}

/** A last chunk of a Chat stream with these counts, which need not be numbers. */
export function usage(prompt: unknown, completion: unknown): string {
  const tokens = { prompt_tokens: prompt, completion_tokens: completion }
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'up', choices: [], usage: tokens })}\n\n`
}

/** The stream without its usage and its end. */
export const content = events.slice(0, -2)

/** Tokens of the trace, as an operator reads them. */
export function tokensOf({ aloneTrace }: Seen): readonly unknown[] {
  return [aloneTrace['input_tokens'], aloneTrace['output_tokens']]
}
