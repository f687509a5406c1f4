// How Chat and Completions say how to sample: in the same words, but for the limit.
import type { Sampling } from '../../ir/request.ts'
import { present } from '../kit/present.ts'

type Maybe<T> = T | null | undefined

/** The members that both wires have. */
export interface SamplingMembers {
  readonly temperature?: Maybe<number>
  readonly top_p?: Maybe<number>
  readonly top_k?: Maybe<number>
  readonly stop?: Maybe<string | readonly string[]>
  readonly seed?: Maybe<number>
  readonly frequency_penalty?: Maybe<number>
  readonly presence_penalty?: Maybe<number>
}

/** Decodes them. */
export function decodeSampling(request: SamplingMembers, limit: Maybe<number>): Sampling {
  const { stop } = request
  return present({
    maxOutputTokens: limit ?? undefined,
    temperature: request.temperature ?? undefined,
    topP: request.top_p ?? undefined,
    topK: request.top_k ?? undefined,
    stop: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    seed: request.seed ?? undefined,
    frequencyPenalty: request.frequency_penalty ?? undefined,
    presencePenalty: request.presence_penalty ?? undefined,
  })
}
