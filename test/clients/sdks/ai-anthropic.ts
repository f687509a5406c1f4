// `@ai-sdk/anthropic` behind the `ai` package.
import { createAnthropic } from '@ai-sdk/anthropic'
import { full, thinkingBudget, type SdkClient } from '../sdk-client.ts'
import { aiClient } from './ai-client.ts'

/** `@ai-sdk/anthropic`. */
export function aiAnthropic(url: string, key: string): SdkClient {
  return aiClient({
    name: 'ai anthropic',
    dialect: 'anthropic-messages',
    abilities: { ...full, schemaAsTool: true },
    model: (name, fetch) => createAnthropic({ baseURL: `${url}/v1`, apiKey: key, fetch }).messages(name),
    options: ({ think, schemaAsTool }) => ({
      anthropic: {
        structuredOutputMode: schemaAsTool === true ? 'jsonTool' : 'outputFormat',
        ...(think && { thinking: { type: 'enabled', budgetTokens: thinkingBudget } }),
      },
    }),
  })
}
