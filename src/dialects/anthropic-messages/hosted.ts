// Anthropic's wire at a cloud that hosts its models: the path says the model, the body says the wire's version, and only
// some betas are known. https://platform.claude.com/docs/en/api/claude-on-vertex-ai
import type { Loss } from '../../ir/loss.ts'
import type { Edit } from '../../wire/json-splice.ts'
import type { CodecTarget } from '../dialect.ts'

/**
 * Members of a body that are nothing without a beta, by the beginning of its name: they go where their beta goes.
 * https://platform.claude.com/docs/en/api/beta-headers
 */
const gatedMembers: readonly (readonly [beta: string, member: string])[] = [
  ['mcp-client-', 'mcp_servers'],
  ['context-management-', 'context_management'],
  ['skills-', 'container'],
  ['fast-mode-', 'speed'],
  ['structured-outputs-', 'output_format'],
]

/** The edits that name the model: in the body, or, where the body says a version instead, out of it. */
export function modelEdits({ model, traits }: CodecTarget, isCount: boolean): readonly Edit[] {
  const named: Edit = { type: 'set', key: 'model', json: JSON.stringify(model) }
  const version = traits?.bodyVersion
  if (version === undefined) return [named]
  // A count has a path of its own, which says no model.
  return [
    isCount ? named : { type: 'remove', key: 'model' },
    { type: 'set', key: 'anthropic_version', json: JSON.stringify(version) },
  ]
}

/** The same for a body that is built here. */
export function namedBody(
  body: Readonly<Record<string, unknown>>,
  { traits }: CodecTarget,
): Readonly<Record<string, unknown>> {
  if (traits?.bodyVersion === undefined) return body
  const { model: _model, ...rest } = body
  return { anthropic_version: traits.bodyVersion, ...rest }
}

export interface BetaPlan {
  /** The value of the header; undefined where nothing is left to be said. */
  readonly header: string | undefined
  readonly edits: readonly Edit[]
  readonly losses: readonly Loss[]
}

/** The betas that the target knows; the others are left out, and so is what they gate in the body. */
export function fitBetas(
  header: string | null,
  body: Readonly<Record<string, unknown>>,
  target: CodecTarget,
): BetaPlan {
  const known = target.traits?.betas
  if (header === null || known === undefined) return { header: header ?? undefined, edits: [], losses: [] }
  const betas = header.split(',').flatMap((beta) => beta.trim() || [])
  const foreign = betas.filter((beta) => !known.includes(beta))
  const gated = gatedMembers.filter(
    ([prefix, member]) => Object.hasOwn(body, member) && foreign.some((beta) => beta.startsWith(prefix)),
  )
  const kept = betas.filter((beta) => known.includes(beta))
  return {
    header: kept.length > 0 ? kept.join(',') : undefined,
    edits: gated.map(([, key]) => ({ type: 'remove', key })),
    losses: [
      ...foreign.map((beta): Loss => {
        const name = /^[\w.-]{1,64}$/.test(beta) ? beta : 'of another name'
        return { path: 'anthropic-beta', action: 'dropped', reason: `the provider does not know the beta ${name}` }
      }),
      ...gated.map(([, path]): Loss => ({ path, action: 'dropped', reason: 'its beta is not known to the provider' })),
    ],
  }
}
