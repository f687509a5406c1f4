// Hard filters: whether one target can take one request, and if not, why. Unknown is not no, unless the policy says so.
import type { ModelRecord, PolicySettings, ProviderRecord, Requirements, TargetRecord } from '../catalog/snapshot.ts'
import { severalAnswers, tasksOf, type DialectId } from '../ir/dialect-id.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { RejectionCode } from './decision.ts'
import { blendedPrice, laneOf, leastPrice, usdText, type Priced } from './price.ts'

/**
 * The dialect to speak to a target for a task: pinned, else the client's own where offered, else the provider's first
 * that has a call for it. Tokens can be estimated without a call, so counting is never turned away.
 */
export function chooseDialect(
  target: TargetRecord,
  provider: ProviderRecord,
  { dialect: client, task }: Pick<RequestFacts, 'dialect' | 'task'>,
  model = target.model,
): DialectId | undefined {
  const isAnyModel = target.dialect === null && provider.dialectsByModel === undefined
  // Nearly every request, without a list being made.
  if (isAnyModel && provider.dialects.includes(client) && tasksOf[client].includes(task)) return client
  const spoken = target.dialect === null ? spokenTo(model, provider) : [target.dialect]
  const offered = provider.dialects.filter((id) => spoken.includes(id))
  const able = offered.filter((id) => tasksOf[id].includes(task))
  if (able.length === 0) return task === 'count-tokens' ? offered[0] : undefined
  return able.includes(client) ? client : able[0]
}

function spokenTo(model: string, { dialects, dialectsByModel = [] }: ProviderRecord): readonly DialectId[] {
  const name = model.slice(model.lastIndexOf('/') + 1)
  return dialectsByModel.find(({ prefix }) => name.startsWith(prefix))?.dialects ?? dialects
}

/** Why a target does not get a request. */
export interface Refusal {
  readonly code: RejectionCode
  readonly reason: string
}

type Ability = Exclude<keyof Requirements, 'minContextTokens' | 'imageSources'>

interface Filter {
  readonly ability: Ability | 'imageSources'
  readonly code: RejectionCode
  readonly what: string
  readonly asks: (facts: RequestFacts) => boolean
}

/** In the order in which they are asked: the first one that fails is the reason. */
const filters: readonly Filter[] = [
  { ability: 'streaming', code: 'streaming_unsupported', what: 'streaming', asks: ({ stream }) => stream },
  { ability: 'tools', code: 'tools_unsupported', what: 'tools', asks: ({ needsTools }) => needsTools },
  {
    ability: 'serverTools',
    code: 'server_tools_unsupported',
    what: 'tools of its own',
    asks: ({ needsServerTools }) => needsServerTools === true,
  },
  { ability: 'images', code: 'images_unsupported', what: 'images', asks: ({ needsImages }) => needsImages },
  { ability: 'audio', code: 'audio_unsupported', what: 'audio', asks: ({ needsAudio }) => needsAudio },
  { ability: 'files', code: 'files_unsupported', what: 'documents', asks: ({ needsFiles }) => needsFiles },
  {
    ability: 'imageOutput',
    code: 'image_output_unsupported',
    what: 'pictures in answers',
    asks: ({ needsImageOutput }) => needsImageOutput === true,
  },
  {
    ability: 'reasoning',
    code: 'reasoning_unsupported',
    what: 'reasoning',
    asks: ({ needsReasoning }) => needsReasoning,
  },
  {
    ability: 'imageSources',
    code: 'image_source_unsupported',
    what: 'images by',
    asks: ({ imageSources }) => imageSources !== undefined && imageSources.length > 0,
  },
  {
    ability: 'jsonSchema',
    code: 'schema_unsupported',
    what: 'structured output',
    asks: ({ needsSchema }) => needsSchema,
  },
]

/** A filter that this request or its route makes. */
export interface Need {
  readonly filter: Filter
  /** Who asks for it. */
  readonly by: 'request' | 'route'
}

const nothing: readonly Need[] = []

/** What every target has to be able to do, in the order of the filters. */
export function needsOf(facts: RequestFacts, require: Requirements | undefined): readonly Need[] {
  let needs: Need[] | undefined
  for (const filter of filters) {
    const isAsked = filter.asks(facts)
    if (!isAsked && (require === undefined || !isRequired(require, filter.ability))) continue
    needs ??= []
    needs.push({ filter, by: isAsked ? 'request' : 'route' })
  }
  return needs ?? nothing
}

function isRequired(require: Requirements, ability: Filter['ability']): boolean {
  return ability === 'imageSources' ? require.imageSources !== undefined : require[ability] === true
}

/** A target as the filters see it, with everything that its configuration says. */
export interface Applicant extends Priced {
  readonly model: string
  readonly dialect: DialectId
  /** The context window in tokens; null where unknown. */
  readonly contextWindow: number | null
}

/** The context window of a model at a provider; the model's own word counts first. */
export function contextWindowOf(record: ModelRecord | undefined, { capabilities }: ProviderRecord): number | null {
  return record?.contextWindow ?? record?.capabilities.maxContextTokens ?? capabilities.maxContextTokens ?? null
}

/** The first filter of abilities that the target fails, up to its context window; undefined where it fails none. */
export function refuseAbility(
  applicant: Applicant,
  facts: RequestFacts,
  needs: readonly Need[],
  require: Requirements | undefined,
): Refusal | undefined {
  for (const need of needs) {
    const refusal = unmet(need, applicant, facts, require)
    if (refusal !== undefined) return refusal
  }
  const { provider, dialect, contextWindow } = applicant
  if (facts.choices > 1 && !severalAnswers.has(dialect))
    return { code: 'choices_unsupported', reason: `n=${facts.choices} cannot be translated to ${provider.id}` }
  if (contextWindow === null) return undefined
  // The estimate is rough: only a request that is clearly too large is turned away here, the provider judges the rest.
  if (facts.approxInputTokens > contextWindow * 2)
    return {
      code: 'context_window',
      reason: `about ${facts.approxInputTokens} tokens do not fit into ${contextWindow}`,
    }
  const least = require?.minContextTokens
  if (least !== undefined && contextWindow < least)
    return { code: 'requirement', reason: `a window of ${contextWindow} tokens is less than the ${least} of the route` }
  return undefined
}

function unmet(
  { filter, by }: Need,
  { provider, record }: Applicant,
  facts: RequestFacts,
  require: Requirements | undefined,
): Refusal | undefined {
  const { ability, code, what } = filter
  const own = record?.capabilities[ability]
  const stated = own ?? provider.capabilities[ability]
  const who = own === undefined || record === undefined ? `provider ${provider.id}` : `model ${record.id}`
  const forRoute = by === 'route' ? ', which the route requires' : ''
  if (ability !== 'imageSources') {
    if (stated !== false) return undefined
    return { code: by === 'route' ? 'requirement' : code, reason: `${who} does not do ${what}${forRoute}` }
  }
  if (!Array.isArray(stated)) return undefined
  const foreign = (sources: Requirements['imageSources']) => sources?.find((source) => !stated.includes(source))
  const asked = foreign(facts.imageSources)
  const source = asked ?? foreign(require?.imageSources)
  if (source === undefined) return undefined
  if (asked !== undefined) return { code, reason: `${who} does not take ${what} ${source}` }
  return { code: 'requirement', reason: `${who} does not take ${what} ${source}, which the route requires` }
}

/** Whether the policy has anything to say of any target: it mostly has not. */
export function isSilent({ lanes, maxPrice, unknownCost, unknownContext }: PolicySettings): boolean {
  const isOpen = lanes.free && lanes.promo && lanes.aggregator
  return isOpen && maxPrice === null && unknownCost === 'allow' && unknownContext === 'allow'
}

/** What the policy says of a target. */
export interface Verdict {
  readonly refusal?: Refusal
  /** It goes last, because this of it is not known. */
  readonly penalty?: 'cost' | 'context'
}

/** Lane, price ceiling, unknown cost, unknown context, in this order. */
export function judgeByPolicy(applicant: Applicant, facts: RequestFacts, policy: PolicySettings): Verdict {
  const lane = laneOf(applicant)
  if (lane !== 'standard' && !policy.lanes[lane])
    return { refusal: { code: 'lane', reason: `lane ${lane} is switched off by policy.allow_${lane}` } }
  const price = blendedPrice(applicant, facts)
  const least = price ?? leastPrice(applicant)
  if (policy.maxPrice !== null && least > policy.maxPrice) {
    const reason = `blended price ${usdText(least)}/Mtok > max ${usdText(policy.maxPrice)}/Mtok`
    return { refusal: { code: 'price', reason } }
  }
  const cost = price === null ? policy.unknownCost : 'allow'
  if (cost === 'reject')
    return { refusal: { code: 'cost_unknown', reason: `the price of ${applicant.model} is not known` } }
  const context = applicant.contextWindow === null ? policy.unknownContext : 'allow'
  if (context === 'reject')
    return { refusal: { code: 'context_unknown', reason: `the context window of ${applicant.model} is not known` } }
  if (cost === 'penalize') return { penalty: 'cost' }
  return context === 'penalize' ? { penalty: 'context' } : {}
}
