// `@ai-sdk/google` behind the `ai` package.
import { createGoogle } from '@ai-sdk/google'
import { full, thinkingBudget, type SdkClient } from '../sdk-client.ts'
import { aiClient } from './ai-client.ts'

/** `@ai-sdk/google`; it names no model but the one that was asked for. */
export function aiGoogle(url: string, key: string): SdkClient {
  return aiClient({
    name: 'ai google',
    dialect: 'gemini',
    abilities: { ...full, tellsModel: false },
    // It takes a name with a slash in it for a whole path.
    model: (name, fetch) => createGoogle({ baseURL: `${url}/v1beta`, apiKey: key, fetch })(`models/${name}`),
    options: ({ think }) => ({
      google: think ? { thinkingConfig: { includeThoughts: true, thinkingBudget } } : {},
    }),
  })
}
