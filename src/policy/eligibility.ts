// Hard filters: whether one target can take one request, and if not, why. Unknown is not no.
import type { ModelRecord, ProviderRecord, TargetRecord } from '../catalog/snapshot.ts'
import { severalAnswers, tasksOf, type DialectId } from '../ir/dialect-id.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { RejectionCode } from './decision.ts'

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

/** The first filter that the target fails, or undefined. */
export function rejectTarget(
  facts: RequestFacts,
  provider: ProviderRecord,
  model: ModelRecord | undefined,
  dialect: DialectId,
): { readonly code: RejectionCode; readonly reason: string } | undefined {
  const can = provider.capabilities
  const lacks: readonly (readonly [boolean, boolean | undefined, RejectionCode, string])[] = [
    [facts.stream, can.streaming, 'streaming_unsupported', 'streaming'],
    [facts.needsTools, can.tools, 'tools_unsupported', 'tools'],
    [facts.needsImages, can.images, 'images_unsupported', 'images'],
    [facts.needsAudio, can.audio, 'audio_unsupported', 'audio'],
    [facts.needsFiles, can.files, 'files_unsupported', 'documents'],
    [facts.needsSchema, can.jsonSchema, 'schema_unsupported', 'structured output'],
    [facts.needsReasoning, can.reasoning, 'reasoning_unsupported', 'reasoning'],
  ]
  for (const [needed, capability, code, name] of lacks)
    if (needed && capability === false) return { code, reason: `provider ${provider.id} does not do ${name}` }
  if (facts.choices > 1 && !severalAnswers.has(dialect))
    return { code: 'choices_unsupported', reason: `n=${facts.choices} cannot be translated to ${provider.id}` }
  const window = model?.contextWindow ?? can.maxContextTokens
  // The estimate is rough: only a request that is clearly too large is turned away here, the provider judges the rest.
  if (window !== undefined && window !== null && facts.approxInputTokens > window * 2)
    return { code: 'context_window', reason: `about ${facts.approxInputTokens} tokens do not fit into ${window}` }
  return undefined
}
