// The official SDKs as independent accumulators: they read a stream from a Response that never touched a network.
// Google's has none and hands out chunks, Amazon's is not among our packages: there a fold of our own puts them together.
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { foldBedrock } from './fold-bedrock.ts'
import { foldCompletions } from './fold-completions.ts'
import { foldGemini } from './fold-gemini.ts'
import { parse, record, says, type Json } from './json.ts'

/** What an SDK makes of a stream: a finished answer, or the error it reports to its caller. */
export type SdkFold = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly error: string }

const folds: Readonly<Record<GenerativeId, (frames: readonly Frame[]) => Promise<SdkFold>>> = {
  'openai-chat': foldChat,
  'openai-responses': foldResponses,
  'openai-completions': foldTextCompletions,
  'anthropic-messages': foldAnthropic,
  gemini: foldGenai,
  'bedrock-converse': foldConverse,
}

/** Folds with the SDK of the dialect. */
export function sdkFold(dialect: GenerativeId, frames: readonly Frame[]): Promise<SdkFold> {
  return folds[dialect](frames)
}

/** `finalChatCompletion()` of the openai package. */
export function foldChat(frames: readonly Frame[]): Promise<SdkFold> {
  return settle(() => openai(frames).chat.completions.stream({ model: 'm', messages: [] }).finalChatCompletion())
}

/** `finalResponse()` of the openai package, without what it derives for its callers. */
export function foldResponses(frames: readonly Frame[]): Promise<SdkFold> {
  return settle(async () => {
    const response = await openai(frames).responses.stream({ model: 'm', input: '' }).finalResponse()
    if (response.status === 'failed') throw new Error(`the response failed: ${response.error?.message ?? ''}`)
    return response
  })
}

/** The chunks that the openai package reads, folded. */
export function foldTextCompletions(frames: readonly Frame[]): Promise<SdkFold> {
  return settle(async () => {
    const chunks: Json[] = []
    const stream = await openai(frames).completions.create({ model: 'm', prompt: '', stream: true })
    for await (const chunk of stream) chunks.push(chunk as unknown as Json)
    return foldCompletions(chunks)
  })
}

/** The chunks that @google/genai reads, folded; what it adds about the transport is left out. */
export function foldGenai(frames: readonly Frame[]): Promise<SdkFold> {
  return settle(async () => {
    const client = new GoogleGenAI({
      apiKey: 'test',
      httpOptions: { baseUrl: 'http://sdk.invalid', fetch: () => Promise.resolve(streamResponse(frames)) },
    })
    const chunks: Json[] = []
    for await (const chunk of await client.models.generateContentStream({ model: 'm', contents: 'x' })) {
      const { sdkHttpResponse: _transport, ...said } = JSON.parse(JSON.stringify(chunk)) as Json
      chunks.push(said)
    }
    return foldGemini(chunks)
  })
}

/** A Converse stream by the rules of its service model: an exception, or an end before `messageStop`, is an error. */
export function foldConverse(frames: readonly Frame[]): Promise<SdkFold> {
  return settle(async () => {
    const exception = frames.find((frame) => frame.kind !== undefined)
    if (exception !== undefined)
      throw new Error(`${exception.event ?? 'exception'}: ${String(record(parse(exception.data))['message'])}`)
    const folded = foldBedrock(frames)
    if (!says(folded['stopReason'])) throw new Error('the stream ended before messageStop')
    return folded
  })
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

function openai(frames: readonly Frame[]): OpenAI {
  return new OpenAI({
    apiKey: 'sk-test',
    baseURL: 'http://sdk.invalid/v1',
    maxRetries: 0,
    logLevel: 'off',
    fetch: () => Promise.resolve(streamResponse(frames)),
  })
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

/** As the SDKs get it: an event name where the frame has one, and one line of data. */
function streamResponse(frames: readonly Frame[]): Response {
  const text = frames.map(({ event, data }) => `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`)
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text.join('')))
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
