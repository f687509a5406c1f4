// What the `type` of a provider brings along. Data only: a new vendor that speaks a known wire is one more row.
import type { DialectId } from '../ir/dialect-id.ts'
import type { TargetCapabilities } from './capabilities.ts'
import type { AuthScheme, MaxTokensField } from './snapshot.ts'

/** The wire formats that the file may name. */
export const apiFormats = [
  'openai_chat',
  'openai_responses',
  'openai_completions',
  'openai_embeddings',
  'anthropic_messages',
  'gemini',
  'bedrock_converse',
] as const

export type ApiFormat = (typeof apiFormats)[number]

/** The formats that this version speaks. The others are accepted in a list and passed over. */
export const dialectOf: Readonly<Partial<Record<ApiFormat, DialectId>>> = {
  openai_chat: 'openai-chat',
  anthropic_messages: 'anthropic-messages',
}

export interface Preset {
  /** Absent where every installation has its own; null where nothing is reached over the network. */
  readonly baseUrl?: string | null
  readonly apiFormats: readonly ApiFormat[]
  readonly authScheme: AuthScheme
  /** For servers that ask for no key by default: how the key is sent once an account or a key is configured. */
  readonly authWithKey?: AuthScheme
  /** The environment variable that the vendor's own documentation uses for the key. */
  readonly keyEnv?: string
  /** Lives on the same machine or network. */
  readonly local?: boolean
  readonly maxTokensField: MaxTokensField
  readonly capabilities: TargetCapabilities
}

const bearer: AuthScheme = { kind: 'bearer' }
const none: AuthScheme = { kind: 'none' }

function chat(baseUrl: string | undefined, keyEnv: string | undefined, more: Partial<Preset> = {}): Preset {
  return {
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(keyEnv === undefined ? {} : { keyEnv }),
    apiFormats: ['openai_chat'],
    authScheme: bearer,
    // Only OpenAI has retired `max_tokens`; most of its imitators know no other name.
    maxTokensField: 'max_tokens',
    capabilities: {},
    ...more,
  }
}

const openaiFormats: readonly ApiFormat[] = [
  'openai_chat',
  'openai_responses',
  'openai_completions',
  'openai_embeddings',
]

/** The types of this version, by name. Addresses and variables are those of each vendor's own documentation. */
export const presets = {
  openai: chat('https://api.openai.com/v1', 'OPENAI_API_KEY', {
    apiFormats: openaiFormats,
    maxTokensField: 'max_completion_tokens',
  }),
  anthropic: chat('https://api.anthropic.com', 'ANTHROPIC_API_KEY', {
    apiFormats: ['anthropic_messages'],
    authScheme: { kind: 'header', name: 'x-api-key' },
  }),
  openrouter: chat('https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'),
  deepseek: chat('https://api.deepseek.com/v1', 'DEEPSEEK_API_KEY'),
  groq: chat('https://api.groq.com/openai/v1', 'GROQ_API_KEY'),
  mistral: chat('https://api.mistral.ai/v1', 'MISTRAL_API_KEY'),
  together: chat('https://api.together.ai/v1', 'TOGETHER_API_KEY'),
  fireworks: chat('https://api.fireworks.ai/inference/v1', 'FIREWORKS_API_KEY'),
  cerebras: chat('https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY'),
  xai: chat('https://api.x.ai/v1', 'XAI_API_KEY'),
  nvidia: chat('https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY'),
  ollama: chat('http://127.0.0.1:11434/v1', undefined, { authScheme: none, authWithKey: bearer, local: true }),
  vllm: chat('http://127.0.0.1:8000/v1', undefined, { authScheme: none, authWithKey: bearer, local: true }),
  // The address holds the id of the endpoint: https://api.runpod.ai/v2/<endpoint id>/openai/v1
  runpod: chat(undefined, 'RUNPOD_API_KEY'),
  openai_compatible: chat(undefined, undefined),
  mock: chat(undefined, undefined, {
    baseUrl: null,
    apiFormats: ['openai_chat', 'anthropic_messages'],
    authScheme: none,
  }),
} as const satisfies Readonly<Record<string, Preset>>

export type AvailableType = keyof typeof presets

/** Types whose names are taken and that need a dialect or a signer of a later version. */
export const plannedTypes = ['gemini', 'vertex', 'bedrock', 'azure'] as const

/** Every type that the file may name. */
export const providerTypes: readonly string[] = [...Object.keys(presets), ...plannedTypes]

/** The preset of a type; undefined where this version does not have it. */
export function presetOf(type: string): Preset | undefined {
  return Object.hasOwn(presets, type) ? presets[type as AvailableType] : undefined
}
