// The tokens of a client's history on their way to a provider: what was sealed here is opened where the target can read
// it, and what belongs to somebody else is taken out. Owns the history only; an answer is sealed in seal-answer.ts.
import type { ContentPart, ToolCallPart } from '../../ir/content.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import { foreignMark, isEnvelope } from './envelope.ts'
import type { StateKeeper } from './keeper.ts'
import { placeReasoning } from './place.ts'
import { realmOf, takesUnsealed, type Origin } from './realm.ts'
import type { Memory } from './record.ts'
import type { Carried, SealedState, Token } from './sealed-state.ts'
import { withoutThinking } from './thinking-off.ts'
import { tokenOf } from './notes.ts'
import { wireRoom } from './wire-room.ts'

export interface RestoreOptions {
  readonly keeper: StateKeeper
  readonly target: Origin
  /** The target has refused the tokens of this history: it goes without any. */
  readonly withoutState?: boolean
}

export interface Restored {
  readonly request: IrRequest
  readonly losses: readonly Loss[]
}

/** Gemini's own word for a call that another model made. https://ai.google.dev/gemini-api/docs/thought-signatures */
const foreignCall = 'skip_thought_signature_validator'

const reasons = {
  foreign: 'reasoning state of another provider or model',
  broken: 'reasoning state that cannot be opened',
  unsealed: 'a signature of another provider',
  refused: 'reasoning state that the provider refused',
  unsigned: 'reasoning that this provider has not signed',
} as const

/** A request as the target can read it; the request itself where nothing had to change. */
export async function restoreState(request: IrRequest, options: RestoreOptions): Promise<Restored> {
  const losses: Loss[] = []
  const opened: OpenedTurn[] = []
  for (const turn of request.turns) opened.push(await openTurn(turn, request, options, losses))
  await recallTurns(opened, request, options)
  if (opened.every((turn) => turn.unchanged)) return { request, losses }
  const turns = opened.map((turn) => closeTurn(turn, request, options)).filter((turn) => turn !== undefined)
  const restored = { ...request, turns }
  if (!isOwnSigner(request, options.target)) return { request: restored, losses }
  const off = withoutThinking(restored)
  return { request: off.request, losses: [...losses, ...off.losses] }
}

/**
 * Whether the request goes back to its own dialect and that refuses unsigned reasoning. An encoder of another dialect
 * sees to that; for its own it writes what it is given.
 */
function isOwnSigner(request: IrRequest, target: Origin): boolean {
  return request.source === target.dialect && wireRoom[target.dialect].marked === 'reasoning'
}

interface OpenedTurn {
  readonly turn: Turn
  readonly parts: readonly OpenedPart[]
  /** What was sealed for other parts of this turn, and can be read by the target. */
  readonly carried: SealedState['turn'][]
  unchanged: boolean
}

interface OpenedPart {
  /** Without any token. */
  readonly bare: ContentPart
  /** For the target. */
  readonly token: Token | undefined
  /** A token stood here and is not for the target. */
  readonly lost: boolean
}

async function openTurn(turn: Turn, request: IrRequest, options: RestoreOptions, losses: Loss[]): Promise<OpenedTurn> {
  const carried: SealedState['turn'][] = []
  const opened: OpenedTurn = { turn, parts: [], carried, unchanged: true }
  // Only what a model said holds tokens, and most turns hold none.
  if (turn.role !== 'assistant' || (!turn.parts.some(tokenOf) && options.withoutState !== true)) return opened
  const parts: OpenedPart[] = []
  for (const [index, part] of turn.parts.entries()) {
    const token = tokenOf(part)
    const found = token === undefined ? undefined : await openToken(token, request, options)
    const lost = token !== undefined && found?.token === undefined
    if (found?.turn !== undefined) carried.push(found.turn)
    const isRefused = lost && part.type === 'reasoning' && part.text !== '' && isOwnSigner(request, options.target)
    const reason = found?.reason ?? (isRefused ? 'unsigned' : undefined)
    if (reason !== undefined) {
      const path = part.at ?? `${turn.at ?? 'history'}.content[${index}]`
      losses.push({ path, action: 'dropped', reason: reasons[reason] })
    }
    if (!isRefused) parts.push({ bare: token === undefined ? part : bareOf(part), token: found?.token, lost })
  }
  return { ...opened, parts, unchanged: false }
}

interface Found {
  readonly token?: Token
  readonly turn?: SealedState['turn']
  /** Why something was lost. */
  readonly reason?: keyof typeof reasons
}

async function openToken(token: Token, request: IrRequest, options: RestoreOptions): Promise<Found> {
  const text = token.redacted ?? token.signature ?? ''
  if (text === foreignMark) return {}
  if (!isEnvelope(text)) {
    if (options.withoutState === true) return { reason: 'refused' }
    return takesUnsealed(request.source, options.target) ? { token } : { reason: 'unsealed' }
  }
  const state = await options.keeper.open(text)
  if (state === undefined) return { reason: 'broken' }
  return fitting(state, options) ?? { reason: options.withoutState === true ? 'refused' : 'foreign' }
}

/** What of a state the target can read; undefined where nothing. */
function fitting(state: SealedState, { target, withoutState }: RestoreOptions): Found | undefined {
  if (withoutState === true || state.realm !== realmOf(target)) return undefined
  return {
    ...(state.token !== undefined && { token: state.token }),
    ...(state.turn !== undefined && { turn: state.turn }),
  }
}

function bareOf(part: ContentPart): ContentPart {
  const { signature: _signature, ...unsigned } = part
  if (unsigned.type !== 'reasoning') return unsigned
  const { redacted: _redacted, ...bare } = unsigned
  return bare
}

/** Asks the store, once, for the turns whose state did not come back with the history. */
async function recallTurns(opened: OpenedTurn[], request: IrRequest, options: RestoreOptions): Promise<void> {
  const { keeper, target } = options
  if (!keeper.remembers || options.withoutState === true || !wireRoom[request.source].recorded) return
  if (!canUse(request, target)) return
  const asking: { readonly index: number; readonly memory: Memory }[] = []
  let before: Turn | undefined
  for (const [index, { turn, parts, carried }] of opened.entries()) {
    if (turn.role === 'user') before = turn
    const calls = turn.role === 'assistant' ? turn.parts.filter(isCall) : []
    const came = carried.length > 0 || parts.some((part) => part.token !== undefined)
    if (calls.length > 0 && !came) asking.push({ index, memory: { calls, before } })
  }
  const states = await keeper.recall(asking.map(({ memory }) => memory))
  for (const [question, { index }] of asking.entries()) {
    const state = states[question]
    const found = state === undefined ? undefined : fitting(state, options)
    const turn = opened[index]
    if (turn === undefined || found?.turn === undefined) continue
    const parts = turn.parts.length > 0 ? turn.parts : turn.turn.parts.map(untouched)
    opened[index] = { ...turn, parts, carried: [...turn.carried, found.turn], unchanged: false }
  }
}

/** Whether the target has any use for a token in this request: asking costs a round trip. */
function canUse(request: IrRequest, target: Origin): boolean {
  switch (target.dialect) {
    case 'gemini':
    case 'openai-responses':
      return true
    case 'anthropic-messages':
    case 'bedrock-converse':
      return request.reasoning !== undefined && request.reasoning.mode !== 'disabled'
    default:
      return false
  }
}

function untouched(part: ContentPart): OpenedPart {
  return { bare: part, token: undefined, lost: false }
}

function isCall(part: ContentPart): part is ToolCallPart {
  return part.type === 'tool-call'
}

function closeTurn(opened: OpenedTurn, request: IrRequest, options: RestoreOptions): Turn | undefined {
  if (opened.unchanged) return opened.turn
  const carried = unique(opened.carried.flatMap((turn) => turn ?? []))
  const signatures = new Map(carried.flatMap((one) => (one.type === 'tool-call' ? [[one.id, one.signature]] : [])))
  const first = opened.parts.find(({ bare }) => bare.type === 'tool-call')
  const parts = opened.parts.flatMap((part): ContentPart[] => {
    const { bare, token } = part
    switch (bare.type) {
      case 'reasoning':
        // What only carried a token has nothing left to say.
        return token === undefined && bare.text === '' ? [] : [{ ...bare, ...token }]
      case 'tool-call': {
        const known = token?.signature ?? signatures.get(bare.id)
        const signature = known ?? (part === first ? standIn(part, request, options) : undefined)
        return [signature === undefined ? bare : { ...bare, signature }]
      }
      default:
        return [token?.signature === undefined ? bare : { ...bare, signature: token.signature }]
    }
  })
  const whole = placeReasoning(parts, carried)
  return whole.length === 0 ? undefined : { ...opened.turn, parts: whole }
}

/** What came back in several places, once. */
function unique(carried: readonly Carried[]): readonly Carried[] {
  return [...new Map(carried.map((one) => [JSON.stringify(one), one])).values()]
}

/**
 * Gemini refuses the first call of a turn without a signature. A request of another dialect is told so by the encoder;
 * one of its own goes back as it was, and here it was not Gemini who had made the call.
 */
function standIn(call: OpenedPart, request: IrRequest, options: RestoreOptions): string | undefined {
  const isOwn = options.target.dialect === 'gemini' && request.source === 'gemini'
  return isOwn && (call.lost || options.withoutState === true) ? foreignCall : undefined
}
