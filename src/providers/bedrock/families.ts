// What each family of models takes on Converse, as data. Unknown models take everything, and the service judges.
// https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html
// What nobody documents is taken for granted: the service refuses what it does not take, and says so best.

/** How a call can be chosen: not at all, any tool, or one by its name as well. */
export type ToolChoices = 'auto' | 'any' | 'all'

/** Absent members: it takes it. */
export interface FamilyLimits {
  /** What people call it, for messages. */
  readonly name: string
  readonly system?: false
  readonly tools?: false
  readonly toolChoices?: ToolChoices
  /** Calls do not stream: a whole answer is asked for instead. */
  readonly streamsTools?: false
  readonly streams?: false
  readonly images?: false
  readonly documents?: false
  /** How many stop sequences; 0 for none. */
  readonly maxStops?: number
  readonly maxOutputTokens?: number
  /** Temperature, top p and top k are refused where they are not the defaults. */
  readonly samples?: false
}

type Row = readonly [pattern: RegExp, limits: FamilyLimits]

// The first match counts. A model's id begins with its maker; before it may stand a profile, or the head of an ARN.
const rows: readonly Row[] = [
  // Anthropic
  [/anthropic\.claude-(?:v2|instant)/, { name: 'Claude 2', tools: false, images: false, maxOutputTokens: 4096 }],
  [/anthropic\.claude-3-(?:haiku|sonnet|opus)/, { name: 'Claude 3', maxOutputTokens: 4096 }],
  [/anthropic\.claude-3-5-haiku/, { name: 'Claude 3.5 Haiku', images: false, maxOutputTokens: 8192 }],
  [/anthropic\.claude-3-5-/, { name: 'Claude 3.5', maxOutputTokens: 8192 }],
  // https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-7: it chooses its words itself.
  [/anthropic\.claude-[a-z]+-(?:4-[7-9]|[5-9]|[1-9]\d)(?!\d)/, { name: 'Claude', samples: false }],
  [/anthropic\./, { name: 'Claude' }],
  // Amazon; https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
  [/amazon\.nova-micro/, { name: 'Nova Micro', images: false, documents: false, maxStops: 4 }],
  [/amazon\.nova-2/, { name: 'Nova 2' }],
  [/amazon\.nova/, { name: 'Nova', maxStops: 4 }],
  [/amazon\.titan-text-premier/, { ...titan('Titan Text Premier', 3072), documents: false }],
  [/amazon\.titan-text-lite/, titan('Titan Text Lite', 4096)],
  [/amazon\.titan/, titan('Titan Text', 8192)],
  // Meta; documents go in, calls come out whole, and nothing stops them early.
  [/meta\.llama(?:2|3-(?:8|70)b)/, { ...llama('Llama 3'), tools: false, images: false, maxOutputTokens: 2048 }],
  [/meta\.llama3-1/, { ...llama('Llama 3.1'), images: false }],
  [/meta\.llama3-2-[13]b/, { ...llama('Llama 3.2'), tools: false, images: false }],
  [/meta\.llama3-2/, llama('Llama 3.2')],
  [/meta\.llama3-3/, { ...llama('Llama 3.3'), images: false }],
  [/meta\.llama4/, { name: 'Llama 4', toolChoices: 'auto', streamsTools: false, maxStops: 0 }],
  // Mistral
  [/mistral\.mistral-7b/, instruct('Mistral 7B', 8192)],
  [/mistral\.mixtral/, instruct('Mixtral', 4096)],
  [/mistral\.mistral-large-24/, mistral('Mistral Large')],
  [/mistral\.mistral-small-24/, mistral('Mistral Small')],
  [/mistral\.pixtral/, { name: 'Pixtral', toolChoices: 'any', streamsTools: false }],
  // Cohere
  [/cohere\.command-r/, { name: 'Command R', images: false, toolChoices: 'auto', maxStops: 5, maxOutputTokens: 4096 }],
  [
    /cohere\.command-(?:light-)?text/,
    { name: 'Command', system: false, tools: false, images: false, maxStops: 4, maxOutputTokens: 4096 },
  ],
  // AI21
  [
    /ai21\.jamba-instruct/,
    { name: 'Jamba Instruct', tools: false, images: false, documents: false, maxOutputTokens: 4096 },
  ],
  // The table says that its calls stream; the service says they do not (seen 2026).
  [/ai21\.jamba/, { name: 'Jamba', images: false, toolChoices: 'auto', streamsTools: false, maxOutputTokens: 4096 }],
  [
    /ai21\.j2/,
    {
      name: 'Jurassic-2',
      system: false,
      tools: false,
      streams: false,
      images: false,
      documents: false,
      maxOutputTokens: 8191,
    },
  ],
  // Writer; of the rest nothing is known.
  [/writer\.palmyra-x/, { name: 'Palmyra', streamsTools: false }],
]

function titan(name: string, maxOutputTokens: number): FamilyLimits {
  // It takes none but its own two.
  return { name, system: false, tools: false, images: false, maxStops: 0, maxOutputTokens }
}

function instruct(name: string, maxOutputTokens: number): FamilyLimits {
  return { name, system: false, tools: false, images: false, maxStops: 10, maxOutputTokens }
}

function mistral(name: string): FamilyLimits {
  return { name, images: false, toolChoices: 'any', streamsTools: false, maxStops: 10, maxOutputTokens: 8192 }
}

function llama(name: string): FamilyLimits {
  return { name, toolChoices: 'auto', streamsTools: false, maxStops: 0, maxOutputTokens: 8192 }
}

/** What a model takes; undefined where its id does not tell its family. */
export function limitsOf(model: string): FamilyLimits | undefined {
  return rows.find(([pattern]) => pattern.test(model))?.[1]
}
