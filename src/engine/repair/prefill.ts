// Which targets go on with a last assistant turn where it breaks off. What the configuration says comes first; the rest is
// what the vendors say of their models.
import type { Snapshot } from '../../catalog/snapshot.ts'
import type { Candidate } from '../../policy/decision.ts'
import { providerOf, type RequestContext } from '../context.ts'

/** How a target goes on with a text: with what comes next, or from its beginning once more. */
export type Prefill = 'continues' | 'repeats'

/** Undefined where the target cannot, or nobody knows that it can. */
export function prefillOf(context: RequestContext, candidate: Candidate): Prefill | undefined {
  // A prompt has no turns that could break off.
  if (candidate.dialect === 'openai-completions') return undefined
  const provider = providerOf(context, candidate.target.provider)
  const stated = statedOf(context.snapshot, candidate)
  const { assistantPrefix } = provider.traits
  if (stated ?? knowsPrefill(candidate)) return assistantPrefix === 'repeated' ? 'repeats' : 'continues'
  return stated === undefined && assistantPrefix === 'repeated' ? 'repeats' : undefined
}

function statedOf({ models, providers }: Snapshot, { model, target }: Candidate): boolean | undefined {
  return (
    models.get(model)?.capabilities.assistantPrefill ?? providers.get(target.provider)?.capabilities.assistantPrefill
  )
}

// Claude before 4.6, on Anthropic's own wire and on Converse alike; from 4.6 on every door refuses it with 400.
// https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6#prefill-removal
function knowsPrefill({ dialect, model }: Candidate): boolean {
  if (dialect !== 'anthropic-messages' && dialect !== 'bedrock-converse') return false
  const version = claudeVersion(model)
  return version !== undefined && version < 4.6
}

const older = /\bclaude-(\d)(?:[-.](\d))?-(?:opus|sonnet|haiku)\b/
const newer = /\bclaude-(?:opus|sonnet|haiku)-(\d)(?:[-.](\d{1,2}))?(?!\d)/

/** The generation in a Claude model's name, as a number; undefined where there is none to read. */
export function claudeVersion(model: string): number | undefined {
  const found = newer.exec(model) ?? older.exec(model)
  return found === null ? undefined : Number(found[1]) + Number(found[2] ?? 0) / 10
}
