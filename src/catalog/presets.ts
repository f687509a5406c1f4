// What the `type` of a provider brings along. Data only: a new vendor that speaks a known wire is one more row.
import type { DialectId } from '../ir/dialect-id.ts'
import type { QuirkName, Traits } from '../ir/traits.ts'
import type { TargetCapabilities } from './capabilities.ts'
import type { AuthScheme, Discovery, Lane } from './snapshot.ts'

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

/** The dialect of each format. */
export const dialectOf: Readonly<Record<ApiFormat, DialectId>> = {
  openai_chat: 'openai-chat',
  openai_responses: 'openai-responses',
  openai_completions: 'openai-completions',
  openai_embeddings: 'openai-embeddings',
  anthropic_messages: 'anthropic-messages',
  gemini: 'gemini',
  bedrock_converse: 'bedrock-converse',
}

/** Settings that only some types know, by their names in the file. */
export type ProviderSetting = 'region' | 'project' | 'api_version' | 'deployment' | 'inference_profile'

export interface Preset {
  /** Absent where every installation has its own; null where nothing is reached over the network. */
  readonly baseUrl?: string | null
  /** What an address looks like where every installation has its own. */
  readonly baseUrlExample?: string
  readonly apiFormats: readonly ApiFormat[]
  readonly authScheme: AuthScheme
  /** For servers that ask for no key by default: how the key is sent once an account or a key is configured. */
  readonly authWithKey?: AuthScheme
  /** The environment variable that the vendor's own documentation uses for the key. */
  readonly keyEnv?: string
  /** How its models are listed; absent where it publishes no list. */
  readonly discovery?: Discovery
  /** What has to be known besides an address and a key. */
  readonly needs?: readonly ProviderSetting[]
  /** What it may be told besides; of no effect anywhere else. */
  readonly takes?: readonly ProviderSetting[]
  /** Wires by the beginning of a model's name, where not every model is spoken to on all of them. */
  readonly formatsByModel?: readonly { readonly prefix: string; readonly formats: readonly ApiFormat[] }[]
  /** The type of the credential that stands for no `credential` at all; `api_key` from `keyEnv` where absent. */
  readonly credentialType?: 'aws' | 'google_service_account' | 'azure'
  /** How it is paid for, where that is not plainly by use. */
  readonly lane?: Lane
  /** Lives on the same machine or network. */
  readonly local?: boolean
  /** How the vendor departs from Chat; of no account for its other formats. */
  readonly traits: Traits
  readonly capabilities: TargetCapabilities
}

const bearer: AuthScheme = { kind: 'bearer' }
const none: AuthScheme = { kind: 'none' }

/**
 * What every imitator is cured of: each of these is something without which the official SDK cannot read an answer, or
 * an agent cannot go on. An answer that has nothing of the kind keeps its bytes.
 */
const repairs: readonly QuirkName[] = [
  'members_missing',
  'message_beside_delta',
  'content_parts',
  'tool_index',
  'tool_fragment_empties',
  'tool_type_missing',
  'tool_id_missing',
  'arguments_not_text',
  'finish_foreign',
  'finish_lies',
  'finish_missing',
]

/** Traits of an imitator: the repairs, and what is known of this one. */
function imitates(quirks: readonly QuirkName[] = [], more: Omit<Traits, 'quirks'> = {}): Traits {
  // Only OpenAI has retired `max_tokens`; most of its imitators know no other name.
  return { maxTokensField: 'max_tokens', quirks: [...repairs, ...quirks], ...more }
}

function chat(baseUrl: string | undefined, keyEnv: string | undefined, more: Partial<Preset> = {}): Preset {
  return {
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(keyEnv === undefined ? {} : { keyEnv }),
    apiFormats: ['openai_chat'],
    authScheme: bearer,
    discovery: 'openai',
    traits: imitates(),
    capabilities: {},
    ...more,
  }
}

/** A vendor that publishes no list of its models in the shape of its wire. */
function unlisted({ discovery: _none, ...preset }: Preset): Preset {
  return preset
}

/** The door that a vendor keeps for Anthropic's clients, where it is at another address than its others. */
function messages(baseUrl: string | undefined, keyEnv: string | undefined, authScheme: AuthScheme): Preset {
  return unlisted(chat(baseUrl, keyEnv, { apiFormats: ['anthropic_messages'], authScheme, traits: {} }))
}

/** A server that people run themselves: on this machine, and without a key until they set one. */
function local(baseUrl: string, quirks: readonly QuirkName[] = []): Preset {
  return chat(baseUrl, undefined, {
    apiFormats: [...openaiFormats, 'anthropic_messages'],
    authScheme: none,
    authWithKey: bearer,
    local: true,
    traits: imitates(quirks),
  })
}

const openaiFormats: readonly ApiFormat[] = [
  'openai_chat',
  'openai_responses',
  'openai_completions',
  'openai_embeddings',
]

const xApiKey: AuthScheme = { kind: 'header', name: 'x-api-key' }

// https://console.groq.com/docs/openai, and its refusals of `reasoning_content`, which it calls `reasoning` both ways.
// It has Responses too (https://console.groq.com/docs/responses-api, beta), and refuses there what agents send with every
// request (`store`, `include`, `prompt_cache_key`): by way of Chat they are served.
const groq = imitates(['reasoning_spelling', 'usage_repeated'], {
  refused: ['logprobs', 'top_logprobs', 'logit_bias'],
  refusedInMessages: ['name'],
  reasoningField: 'reasoning',
})

// https://docs.mistral.ai/api/ names all it takes; anything else is refused with 422 `extra_forbidden`.
const mistral = imitates([], {
  noDeveloperRole: true,
  reasoningField: 'none',
  renamed: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
  refused: ['stream_options', 'logprobs', 'top_logprobs', 'logit_bias', 'store', 'user', 'service_tier'],
  refusedInMessages: ['refusal'],
  assistantPrefix: 'repeated',
})

// https://api-docs.deepseek.com/guides/thinking_mode: turns with tool calls are refused without their reasoning, and so
// are, by its deserialiser, lists of text and the role `developer`.
const deepseek = imitates([], {
  textContent: 'string',
  noDeveloperRole: true,
  reasoningField: 'reasoning_content',
  reasoningRequired: true,
  assistantPrefix: 'continued',
})

// https://inference-docs.cerebras.ai/resources/openai
const cerebras = imitates(['reasoning_spelling'], {
  refused: ['frequency_penalty', 'presence_penalty', 'logit_bias', 'parallel_tool_calls', 'service_tier'],
})

// Any other beta is a 400 there (seen 2025-11 to 2026-06: web search while counting, effort, structured outputs, files,
// skills, MCP, web fetch). Those of 2026 are what other gateways are known to send there (2026-10).
// https://platform.claude.com/docs/en/api/claude-on-vertex-ai, https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude
const vertex: Traits = {
  bodyVersion: 'vertex-2023-10-16',
  betas: [
    'compact-2026-01-12',
    'compact-2026-09-04',
    'computer-use-2025-01-24',
    'computer-use-2025-11-24',
    'context-1m-2025-08-07',
    'context-management-2025-06-27',
    'dangerous-tool-use-2026-09-03',
    'interleaved-thinking-2025-05-14',
    'per-turn-control-2026-07-01',
    'thinking-binding-controls-2026-08-01',
    'thinking-display-updates-2026-08-18',
    'tool-search-tool-2025-10-19',
    'web-search-2025-03-05',
  ],
  countsUnwrapped: true,
  embedsByPrediction: true,
  oldModelsWithoutCallIds: true,
}

/**
 * The types of this version, by name. Addresses, variables and wires are those of each vendor's own documentation; a wire
 * stands here where every model of the vendor answers to it, or `formatsByModel` says which do.
 */
export const presets = {
  // https://platform.openai.com/docs/api-reference
  openai: chat('https://api.openai.com/v1', 'OPENAI_API_KEY', {
    apiFormats: openaiFormats,
    traits: { maxTokensField: 'max_completion_tokens' },
  }),
  // https://platform.claude.com/docs/en/api/overview
  anthropic: chat('https://api.anthropic.com', 'ANTHROPIC_API_KEY', {
    apiFormats: ['anthropic_messages'],
    authScheme: xApiKey,
    discovery: 'anthropic',
  }),
  // https://ai.google.dev/gemini-api/docs/api-key
  gemini: chat('https://generativelanguage.googleapis.com', 'GEMINI_API_KEY', {
    apiFormats: ['gemini'],
    authScheme: { kind: 'header', name: 'x-goog-api-key' },
    discovery: 'gemini',
    traits: {},
  }),
  // https://docs.aws.amazon.com/bedrock/latest/userguide/inference-api.html
  bedrock: chat('https://bedrock-runtime.{region}.amazonaws.com', undefined, {
    apiFormats: ['bedrock_converse'],
    authScheme: { kind: 'sigv4', service: 'bedrock' },
    credentialType: 'aws',
    discovery: 'bedrock',
    needs: ['region'],
    takes: ['inference_profile'],
    traits: {},
  }),
  // https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations
  vertex: chat('https://{region}-aiplatform.googleapis.com', undefined, {
    apiFormats: ['gemini', 'anthropic_messages'],
    credentialType: 'google_service_account',
    discovery: 'vertex',
    needs: ['project'],
    takes: ['region'],
    formatsByModel: [
      { prefix: 'claude-', formats: ['anthropic_messages'] },
      { prefix: '', formats: ['gemini'] },
    ],
    traits: vertex,
  }),
  // https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle
  azure: chat(undefined, undefined, {
    baseUrlExample: 'https://<resource>.openai.azure.com',
    apiFormats: ['openai_chat', 'openai_responses', 'openai_embeddings'],
    authScheme: { kind: 'header', name: 'api-key' },
    credentialType: 'azure',
    discovery: 'azure',
    takes: ['api_version', 'deployment'],
    traits: imitates(['head_unsound', 'cached_exceeds_prompt'], { maxTokensField: 'max_completion_tokens' }),
  }),
  // Claude in Foundry: https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry
  azure_anthropic: {
    ...messages(undefined, undefined, { kind: 'header', name: 'api-key' }),
    baseUrlExample: 'https://<resource>.services.ai.azure.com/anthropic',
    credentialType: 'azure',
  },
  // https://openrouter.ai/docs/api_reference/responses/basic-usage (beta), …/embeddings, and its guide for Claude Code
  openrouter: chat('https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY', {
    apiFormats: ['openai_chat', 'openai_responses', 'openai_embeddings', 'anthropic_messages'],
    lane: 'aggregator',
    traits: imitates(['reasoning_spelling', 'finish_repeated']),
  }),
  // https://api-docs.deepseek.com/guides/responses_api, https://api-docs.deepseek.com/api/list-models
  deepseek: chat('https://api.deepseek.com', 'DEEPSEEK_API_KEY', {
    apiFormats: ['openai_chat', 'openai_responses'],
    traits: deepseek,
  }),
  // https://api-docs.deepseek.com/guides/anthropic_api
  deepseek_anthropic: messages('https://api.deepseek.com/anthropic', 'DEEPSEEK_API_KEY', xApiKey),
  groq: chat('https://api.groq.com/openai/v1', 'GROQ_API_KEY', { traits: groq }),
  mistral: chat('https://api.mistral.ai/v1', 'MISTRAL_API_KEY', {
    apiFormats: ['openai_chat', 'openai_embeddings'],
    traits: mistral,
  }),
  // https://docs.together.ai/docs/inference/openai-compatibility
  together: chat('https://api.together.ai/v1', 'TOGETHER_API_KEY', {
    apiFormats: ['openai_chat', 'openai_completions', 'openai_embeddings'],
    traits: imitates(['reasoning_spelling', 'placeholder_members']),
  }),
  // https://docs.fireworks.ai/guides/response-api, https://docs.fireworks.ai/tools-sdks/anthropic-compatibility
  fireworks: chat('https://api.fireworks.ai/inference/v1', 'FIREWORKS_API_KEY', {
    apiFormats: [...openaiFormats, 'anthropic_messages'],
  }),
  cerebras: chat('https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY', { traits: cerebras }),
  // https://docs.x.ai/developers/model-capabilities/text/comparison; its Messages are given up:
  // https://docs.x.ai/developers/rest-api-reference/inference/legacy
  xai: chat('https://api.x.ai/v1', 'XAI_API_KEY', {
    apiFormats: ['openai_chat', 'openai_responses'],
    traits: imitates(['reasoning_excluded']),
  }),
  // https://docs.api.nvidia.com/nim/reference/llm-apis; servers of one's own that speak more are `vllm`.
  nvidia: chat('https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY', {
    apiFormats: ['openai_chat', 'openai_embeddings'],
  }),
  // Its Responses are another product with other names of models, and its vectors are no floats:
  // https://docs.perplexity.ai/docs/agent-api/openai-compatibility
  perplexity: unlisted(
    chat('https://api.perplexity.ai', 'PERPLEXITY_API_KEY', { traits: imitates(['head_unsound', 'usage_repeated']) }),
  ),
  // https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api: Messages for Claude only; its Responses
  // are a preview.
  snowflake: unlisted(
    chat(undefined, 'SNOWFLAKE_PAT', {
      baseUrlExample: 'https://<account>.snowflakecomputing.com/api/v2/cortex/v1',
      apiFormats: ['openai_chat', 'anthropic_messages'],
      formatsByModel: [
        { prefix: 'claude-', formats: ['openai_chat', 'anthropic_messages'] },
        { prefix: '', formats: ['openai_chat'] },
      ],
      traits: imitates(['head_unsound', 'placeholder_members'], { maxTokensField: 'max_completion_tokens' }),
    }),
  ),
  // https://huggingface.co/docs/inference-providers/guides/responses-api (beta), …/integrations/claude-code
  huggingface: chat('https://router.huggingface.co/v1', 'HF_TOKEN', {
    apiFormats: ['openai_chat', 'openai_responses', 'anthropic_messages'],
    lane: 'aggregator',
    traits: imitates(['reasoning_spelling', 'placeholder_members', 'usage_repeated']),
  }),
  // https://docs.z.ai/guides/develop/openai/python; Responses are at the address of its coding plan only.
  zai: chat('https://api.z.ai/api/paas/v4', 'ZAI_API_KEY'),
  // https://docs.z.ai/devpack/tool/claude
  zai_anthropic: messages('https://api.z.ai/api/anthropic', 'ZAI_API_KEY', bearer),
  // https://platform.kimi.ai/docs/api/overview
  moonshot: chat('https://api.moonshot.ai/v1', 'MOONSHOT_API_KEY', {
    apiFormats: ['openai_chat', 'openai_responses'],
    traits: imitates([], { reasoningField: 'reasoning_content', reasoningRequired: true }),
  }),
  moonshot_anthropic: messages('https://api.moonshot.ai/anthropic', 'MOONSHOT_API_KEY', bearer),
  // https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope,
  // …/embedding-interfaces-compatible-with-openai; Responses are at an address of their own.
  alibaba: chat('https://dashscope-intl.aliyuncs.com/compatible-mode/v1', 'DASHSCOPE_API_KEY', {
    apiFormats: ['openai_chat', 'openai_embeddings'],
  }),
  // https://www.alibabacloud.com/help/en/model-studio/anthropic-api-messages
  alibaba_anthropic: messages('https://dashscope-intl.aliyuncs.com/apps/anthropic', 'DASHSCOPE_API_KEY', xApiKey),
  // https://avian.io/docs/
  avian: chat('https://api.avian.io/v1', 'AVIAN_API_KEY', {
    traits: imitates(['id_changes', 'reasoning_spelling', 'finish_repeated']),
  }),
  // https://docs.sambanova.ai/docs/en/features/messages: one model, so far.
  sambanova: chat('https://api.sambanova.ai/v1', 'SAMBANOVA_API_KEY', {
    apiFormats: ['openai_chat', 'openai_embeddings', 'anthropic_messages'],
    formatsByModel: [
      { prefix: 'gpt-oss-120b', formats: ['openai_chat', 'anthropic_messages'] },
      { prefix: '', formats: ['openai_chat', 'openai_embeddings'] },
    ],
  }),
  // https://deepinfra.com/docs/openai_api
  deepinfra: chat('https://api.deepinfra.com/v1/openai', 'DEEPINFRA_TOKEN', {
    apiFormats: ['openai_chat', 'openai_completions', 'openai_embeddings'],
  }),
  // https://novita.ai/docs/api-reference/model-apis-llm-create-completion; Messages for some of its models are elsewhere:
  // https://novita.ai/docs/guides/llm-anthropic-compatibility
  novita: chat('https://api.novita.ai/openai/v1', 'NOVITA_API_KEY', {
    apiFormats: ['openai_chat', 'openai_completions', 'openai_embeddings'],
    traits: imitates(['finish_repeated']),
  }),
  // https://docs.cohere.com/docs/compatibility-api
  cohere: unlisted(
    chat('https://api.cohere.ai/compatibility/v1', 'COHERE_API_KEY', {
      apiFormats: ['openai_chat', 'openai_embeddings'],
    }),
  ),
  // The OpenAI-shaped endpoints of two vendors that have a better wire of their own.
  // https://ai.google.dev/gemini-api/docs/openai
  gemini_openai: chat('https://generativelanguage.googleapis.com/v1beta/openai', 'GEMINI_API_KEY', {
    apiFormats: ['openai_chat', 'openai_embeddings'],
    traits: imitates(['reasoning_excluded']),
  }),
  // https://platform.claude.com/docs/en/api/openai-sdk: audio and the format of the answer are passed over in silence.
  anthropic_openai: chat('https://api.anthropic.com/v1', 'ANTHROPIC_API_KEY', {
    capabilities: { audio: false, jsonSchema: false },
  }),
  // https://docs.ollama.com/api/openai-compatibility, https://docs.ollama.com/api/anthropic-compatibility
  ollama: local('http://127.0.0.1:11434/v1', ['reasoning_spelling']),
  // https://docs.vllm.ai/en/stable/serving/online_serving.html
  vllm: local('http://127.0.0.1:8000/v1', ['reasoning_spelling', 'placeholder_members']),
  // https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
  llama_cpp: local('http://127.0.0.1:8080/v1'),
  // https://lmstudio.ai/docs/developer/openai-compat, https://lmstudio.ai/docs/developer/anthropic-compat
  lm_studio: local('http://127.0.0.1:1234/v1', ['reasoning_spelling']),
  // https://docs.runpod.io/serverless/vllm/openai-compatibility
  runpod: chat(undefined, 'RUNPOD_API_KEY', {
    baseUrlExample: 'https://api.runpod.ai/v2/<endpoint id>/openai/v1',
    apiFormats: ['openai_chat', 'openai_completions'],
    traits: imitates(['reasoning_spelling', 'placeholder_members']),
  }),
  openai_compatible: chat(undefined, undefined),
  mock: chat(undefined, undefined, {
    baseUrl: null,
    apiFormats,
    authScheme: none,
    traits: { maxTokensField: 'max_tokens' },
  }),
} as const satisfies Readonly<Record<string, Preset>>

export type AvailableType = keyof typeof presets

/** Every type that the file may name. */
export const providerTypes: readonly string[] = Object.keys(presets)

/** The preset of a type; undefined where this version does not have it. */
export function presetOf(type: string): Preset | undefined {
  return Object.hasOwn(presets, type) ? presets[type as AvailableType] : undefined
}
