// `@ai-sdk/openai` behind the `ai` package: one provider, two wires.
import { createOpenAI } from '@ai-sdk/openai'
import { full, type SdkClient } from '../sdk-client.ts'
import { aiClient } from './ai-client.ts'

/** `@ai-sdk/openai` on `/v1/responses`, which is its default. */
export function aiOpenaiResponses(url: string, key: string): SdkClient {
  return aiClient({
    name: 'ai openai',
    dialect: 'openai-responses',
    abilities: full,
    model: (name, fetch) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key, fetch }).responses(name),
    options: ({ think }) => ({
      openai: {
        store: false,
        // The names of routes are not in its list of models that reason.
        ...(think && {
          forceReasoning: true,
          reasoningEffort: 'low',
          reasoningSummary: 'auto',
          include: ['reasoning.encrypted_content'],
        }),
      },
    }),
  })
}

/** `@ai-sdk/openai` on `/v1/chat/completions`; it reads no reasoning there. */
export function aiOpenaiChat(url: string, key: string): SdkClient {
  return aiClient({
    name: 'ai openai chat',
    dialect: 'openai-chat',
    abilities: { ...full, showsThinking: false },
    model: (name, fetch) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key, fetch }).chat(name),
    options: ({ think }) => ({ openai: think ? { forceReasoning: true, reasoningEffort: 'low' } : {} }),
  })
}
