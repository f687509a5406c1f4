// The official SDKs as independent accumulators: they read a stream from a Response that never touched a network.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { encodeSse } from '../../src/wire/sse-encode.ts'
import type { Json } from './corpus.ts'

/** What an SDK makes of a stream: a finished answer, or the error it reports to its caller. */
export type SdkFold = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly error: string }

/** Folds with the SDK of the dialect. */
export function sdkFold(dialect: DialectId, frames: readonly Frame[]): Promise<SdkFold> {
  return dialect === 'openai-chat' ? foldChat(frames) : foldAnthropic(frames)
}

/** `finalChatCompletion()` of the openai package. */
export function foldChat(frames: readonly Frame[]): Promise<SdkFold> {
  const client = new OpenAI({
    apiKey: 'sk-test',
    baseURL: 'http://sdk.invalid/v1',
    maxRetries: 0,
    logLevel: 'off',
    fetch: () => Promise.resolve(streamResponse(frames)),
  })
  return settle(() => client.chat.completions.stream({ model: 'm', messages: [] }).finalChatCompletion())
}

/** `finalMessage()` of @anthropic-ai/sdk: the beta reader, which accumulates all that the stable one does and more. */
export function foldAnthropic(frames: readonly Frame[]): Promise<SdkFold> {
  return settle(() =>
    anthropicClient(frames).beta.messages.stream({ model: 'm', max_tokens: 1, messages: [] }).finalMessage(),
  )
}

/** `finalMessage()` of the stable reader. */
export function foldAnthropicStable(frames: readonly Frame[]): Promise<SdkFold> {
  return settle(() =>
    anthropicClient(frames).messages.stream({ model: 'm', max_tokens: 1, messages: [] }).finalMessage(),
  )
}

function anthropicClient(frames: readonly Frame[]): Anthropic {
  return new Anthropic({
    apiKey: 'sk-test',
    baseURL: 'http://sdk.invalid',
    maxRetries: 0,
    logLevel: 'off',
    fetch: () => Promise.resolve(streamResponse(frames)),
  })
}

function streamResponse(frames: readonly Frame[]): Response {
  const bytes = encodeSse(frames)
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes)
      controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

async function settle(run: () => Promise<unknown>): Promise<SdkFold> {
  try {
    // Lazy getters and undefined members are the SDK's own matter: what counts is the JSON that a caller sees.
    return { ok: true, value: JSON.parse(JSON.stringify(await run())) as Json }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  }
}
