// The `ai` package behind the interface of these tests. Owns all that does not depend on the provider.
import {
  APICallError,
  generateText,
  jsonSchema,
  Output,
  streamText,
  tool,
  type LanguageModel,
  type ModelMessage,
  type ToolSet,
} from 'ai'
import type { GenerativeId } from '../../../src/dialects/index.ts'
import { recordingFetch } from '../recording-fetch.ts'
import {
  instructions,
  maxTokens,
  toolSchema,
  type Abilities,
  type Heard,
  type Question,
  type SdkClient,
} from '../sdk-client.ts'
import { heardStream, heardText } from './ai-heard.ts'

// Warnings about models that the providers' lists do not have.
;(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false

type ProviderOptions = NonNullable<Parameters<typeof generateText>[0]['providerOptions']>

export interface Provider {
  readonly name: string
  readonly dialect: GenerativeId
  readonly abilities: Abilities
  model(name: string, fetch: typeof globalThis.fetch): LanguageModel
  options(question: Question): ProviderOptions
}

/** The client that asks through a provider's models. */
export function aiClient(provider: Provider): SdkClient {
  const fetch = recordingFetch(provider.dialect)
  return {
    name: provider.name,
    dialect: provider.dialect,
    abilities: provider.abilities,
    faults: fetch.faults,
    exchanges: fetch.exchanges,
    failureOf(cause) {
      if (!APICallError.isInstance(cause)) return undefined
      return { status: cause.statusCode, retryAfter: cause.responseHeaders?.['retry-after'] }
    },
    isAbort: (cause) => cause instanceof Error && cause.name === 'AbortError',
    async ask(question, streamed): Promise<Heard> {
      const settings = {
        model: provider.model(question.model, fetch),
        providerOptions: provider.options(question),
        ...settingsOf(question),
      }
      if (!streamed) return heardText(await generateText(settings))
      return heardStream(streamText({ ...settings, onError: () => {} }), question)
    },
  }
}

// The package's own types do not fit each other under `exactOptionalPropertyTypes`.
const tools = {
  get_weather: tool({ description: 'Weather', inputSchema: jsonSchema<{ city: string }>(toolSchema) }),
} as unknown as ToolSet

function settingsOf(question: Question) {
  const { schema, signal } = question
  return {
    instructions,
    messages: messagesOf(question),
    maxOutputTokens: maxTokens,
    maxRetries: 0,
    ...(signal && { abortSignal: signal }),
    ...(question.tools && {
      tools,
      toolChoice: 'auto' as const,
    }),
    ...(schema && { output: Output.object({ schema: jsonSchema(schema), name: 'answer' }) }),
  }
}

function messagesOf({ text, image, followUp }: Question): ModelMessage[] {
  const asked: ModelMessage = {
    role: 'user',
    content: [
      { type: 'text', text },
      ...(image === undefined ? [] : [{ type: 'file' as const, data: image, mediaType: 'image/png' }]),
    ],
  }
  if (followUp === undefined) return [asked]
  const results = followUp.heard.calls.map((call, index) => ({
    type: 'tool-result' as const,
    toolCallId: call.id,
    toolName: call.name,
    output: { type: 'text' as const, value: followUp.results[index] ?? '' },
  }))
  return [asked, ...(followUp.heard.turn as ModelMessage[]), { role: 'tool', content: results }]
}
