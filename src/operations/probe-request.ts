// The small requests that are sent to see whether a provider works: on its own wire where a client speaks that, so that
// what is tested is what passes through.
import type { ProviderRecord } from '../catalog/snapshot.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import { chooseDialect } from '../policy/eligibility.ts'
import { directTarget } from '../policy/match-route.ts'
import type { Inference } from './operation.ts'

/** Enough for a model that thinks before it says one word. */
const maxTokens = 512
const prompt = 'Reply with one word: ready'

export interface ProbePlan {
  readonly provider: ProviderRecord
  readonly account: string | null
  readonly model: string
  readonly stream: boolean
}

/** A request for one word. */
export function generateProbe({ provider, account, model, stream }: ProbePlan): Inference {
  const dialect = clientDialect(provider, model)
  return { dialect, provider: provider.id, account, model, stream, body: bodyOf(dialect, provider, stream) }
}

/** A request for the vector of one word. */
export function embedProbe({ provider, account, model }: Omit<ProbePlan, 'stream'>): Inference {
  return { dialect: 'openai-embeddings', provider: provider.id, account, model, body: { input: 'ready' } }
}

/** The wire that the made-up client speaks: the provider's own for this model, else Chat, which is translated. */
function clientDialect(provider: ProviderRecord, model: string): DialectId {
  const own = chooseDialect(directTarget(provider.id, model), provider, { dialect: 'openai-chat', task: 'generate' })
  // Nobody's client speaks Converse.
  return own === undefined || own === 'bedrock-converse' ? 'openai-chat' : own
}

function bodyOf(dialect: DialectId, { traits }: ProviderRecord, stream: boolean): Readonly<Record<string, unknown>> {
  const messages = [{ role: 'user', content: prompt }]
  switch (dialect) {
    case 'anthropic-messages':
      return { max_tokens: maxTokens, messages, stream }
    case 'gemini':
      return {
        contents: [{ role: 'user', parts: [{ text: prompt }] }],
        generationConfig: { maxOutputTokens: maxTokens },
      }
    case 'openai-responses':
      return { input: prompt, max_output_tokens: maxTokens, stream, store: false }
    case 'openai-completions':
      return { prompt, max_tokens: maxTokens, stream, ...(stream && { stream_options: { include_usage: true } }) }
    case 'openai-chat':
    case 'bedrock-converse':
    case 'openai-embeddings':
      return {
        messages,
        [traits.maxTokensField === 'max_tokens' ? 'max_tokens' : 'max_completion_tokens']: maxTokens,
        stream,
        ...(stream && { stream_options: { include_usage: true } }),
      }
  }
}
