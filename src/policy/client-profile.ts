// What a client profile lets a coding client use: which profile was meant, which models, which accounts. Pure.
import type { ClientProfile, Snapshot } from '../catalog/snapshot.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { CursorStep } from './cursor.ts'
import type { Candidate, RouteDecision } from './decision.ts'
import { matchGlob } from './match-route.ts'

/** The request headers that name a profile by its id, or by its kind where only one profile is of that kind: ours first. */
export const clientProfileHeaders = ['x-signalbox-client-profile', 'x-switchback-client-profile'] as const
const maxNameLength = 128

interface KindFacts {
  readonly dialect: DialectId
  /** The wire as configuration files spell it. */
  readonly protocol: string
  readonly endpoints: readonly string[]
}

const kinds: Readonly<Record<string, KindFacts>> = {
  codex: { dialect: 'openai-responses', protocol: 'openai_responses', endpoints: ['/v1/responses', '/v1/models'] },
  claude_code: {
    dialect: 'anthropic-messages',
    protocol: 'anthropic_messages',
    endpoints: ['/v1/messages', '/v1/messages/count_tokens', '/v1/models'],
  },
}

/** What a kind of client speaks, and where; undefined for a kind that nobody knows. */
export function clientKind(kind: string): KindFacts | undefined {
  return Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
}

/**
 * The profile that a request names. Fails with `invalid_client_profile` where there is none of that name or it speaks
 * another wire, `ambiguous_client_profile` where a kind names several, `client_profile_denied` where it is switched off.
 */
export function chooseClientProfile(asked: string, snapshot: Snapshot, dialect: DialectId): Outcome<ClientProfile> {
  const name = asked.trim()
  const profiles = snapshot.clientProfiles
  const ofKind = profiles.filter((candidate) => candidate.kind === name)
  const profile = profiles.find((candidate) => candidate.id === name) ?? ofKind[0]
  if (profile === undefined || name.length > maxNameLength)
    return failed('invalid_client_profile', { message: `no client profile of this name${knownNames(profiles)}` })
  if (profile.id !== name && ofKind.length > 1)
    return failed('ambiguous_client_profile', {
      message: `${ofKind.length} client profiles are of kind ${name}: send the id of one${knownNames(ofKind)}`,
    })
  const kind = clientKind(profile.kind)
  if (kind?.dialect !== dialect)
    return failed('invalid_client_profile', {
      message: `client profile ${profile.id} is served on ${kind?.endpoints[0] ?? 'no path'}, not on this one`,
    })
  if (!profile.enabled || profile.mode !== 'ingress')
    return failed('client_profile_denied', { message: `client profile ${profile.id} is switched off` })
  return ok(profile)
}

function knownNames(profiles: readonly ClientProfile[]): string {
  return profiles.length === 0 ? '' : `; known: ${profiles.map(({ id }) => id).join(', ')}`
}

/** Whether the profile may name a model. An empty list allows all. */
export function allowsModel({ models }: Pick<ClientProfile, 'models'>, model: string): boolean {
  return models.length === 0 || models.some((glob) => matchGlob(glob, model))
}

/** Whether the profile may use an account; it lists them as `account` or `provider/account`. An empty list allows all. */
export function allowsAccount(
  { accounts }: Pick<ClientProfile, 'accounts'>,
  provider: string,
  account: string,
): boolean {
  return accounts.length === 0 || accounts.includes(`${provider}/${account}`) || accounts.includes(account)
}

// Who is left has stood for election, and the first of them has won it.
function electedAmong(candidates: readonly Candidate[], { route, weights }: CursorStep): CursorStep | null {
  const names = candidates.map(({ target }) => target.name).filter((name) => Object.hasOwn(weights, name))
  const [picked] = names
  if (picked === undefined || names.length < 2) return null
  return { route, picked, weights: Object.fromEntries(names.map((name) => [name, weights[name] ?? 0])) }
}

/** The decision without the accounts that the profile may not use; a target that has no other is rejected. */
export function restrictToProfile(decision: RouteDecision, profile: ClientProfile): RouteDecision {
  const reasons = [...decision.reasons, `client_profile=${profile.id}`]
  if (profile.accounts.length === 0) return { ...decision, reasons }
  const judged = decision.candidates.map((candidate) => {
    const { provider } = candidate.target
    const accounts = candidate.accounts.filter((account) => allowsAccount(profile, provider, account))
    return { candidate: { ...candidate, accounts }, isDenied: candidate.accounts.length > 0 && accounts.length === 0 }
  })
  const denied = judged.filter(({ isDenied }) => isDenied)
  const candidates = judged.filter(({ isDenied }) => !isDenied).map(({ candidate }) => candidate)
  return {
    ...decision,
    reasons,
    candidates,
    cursor: decision.cursor && electedAmong(candidates, decision.cursor),
    rejected: [
      ...decision.rejected,
      ...denied.map(({ candidate }) => ({
        target: candidate.label,
        code: 'client_profile' as const,
        reason: `client profile ${profile.id} allows none of its accounts`,
      })),
    ],
  }
}
