// The tokens of a translated answer, sealed on their way to the client. Owns what travels where; the room of each wire
// is in wire-room.ts. Whole answers here; streams in seal-stream.ts, under the same rules.
import type { ContentPart, ReasoningPart, ToolCallPart } from '../../ir/content.ts'
import type { DialectId } from '../../ir/dialect-id.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Turn } from '../../ir/request.ts'
import type { IrResponse, Output } from '../../ir/response.ts'
import { foreignMark } from './envelope.ts'
import type { StateKeeper } from './keeper.ts'
import { createNotes, tokenOf, type AnswerNotes, type NotedReasoning } from './notes.ts'
import type { SealedState } from './sealed-state.ts'
import { wireRoom, type WireRoom } from './wire-room.ts'

export interface SealOptions {
  readonly keeper: StateKeeper
  /** The client's dialect. */
  readonly ingress: DialectId
  /** Of the target that answers; see `realmOf`. */
  readonly realm: string
  /** The turn that is answered. */
  readonly before: Turn | undefined
}

const keylessLoss: Loss = {
  path: 'reasoning',
  action: 'dropped',
  reason: 'no sealing key is configured, so signatures cannot travel',
}
export const roomlessLoss: Loss = {
  path: 'signature',
  action: 'dropped',
  reason: 'the wire has no room for a signature here',
}
const unstoredLoss: Loss = {
  path: 'reasoning',
  action: 'dropped',
  reason: 'the signatures beside the tool calls could not be stored',
}

/** Seals what a whole answer carries, and stores what its client is not expected to send back. */
export async function sealAnswer(
  response: IrResponse,
  options: SealOptions,
): Promise<{ readonly response: IrResponse; readonly losses: readonly Loss[] }> {
  const losses: Loss[] = []
  const outputs: Output[] = []
  for (const output of response.outputs)
    outputs.push({ ...output, parts: await sealParts(output.parts, options, losses) })
  return { response: { ...response, outputs }, losses }
}

async function sealParts(parts: readonly ContentPart[], options: SealOptions, losses: Loss[]): Promise<ContentPart[]> {
  const room = wireRoom[options.ingress]
  const sealer = createPartSealer(options, losses)
  const notes = createNotes()
  const sealed: ContentPart[] = []
  for (const part of parts) {
    switch (part.type) {
      case 'reasoning':
        sealed.push(await sealReasoning(part, { room, sealer, notes }))
        break
      case 'tool-call':
        sealed.push(...(await sealCall(part, { room, sealer, notes })))
        break
      default:
        if (part.type === 'text') notes.addText(part.text)
        sealed.push(await sealOther(part, { room, sealer }))
    }
  }
  await sealer.remember(notes)
  return sealed
}

interface Tools {
  readonly room: WireRoom
  readonly sealer: PartSealer
  readonly notes: AnswerNotes
}

async function sealReasoning(part: ReasoningPart, { room, sealer, notes }: Tools): Promise<ContentPart> {
  const { signature: _signature, redacted: _redacted, ...bare } = part
  const token = tokenOf(part)
  if (token === undefined) {
    const marked = room.marked === 'reasoning' && part.text !== ''
    return marked ? { ...bare, signature: foreignMark } : bare
  }
  const noted = { text: part.text, ...token, position: notes.position() }
  notes.addReasoning(noted)
  if (!room.reasoning) return bare
  if (!sealer.canSeal()) return room.marked === 'reasoning' ? { ...bare, signature: foreignMark } : bare
  const envelope = await sealer.seal(reasoningState(noted, room))
  const hasForm = part.redacted !== undefined && room.redacted
  return hasForm ? { ...bare, redacted: envelope } : { ...bare, signature: envelope }
}

async function sealCall(part: ToolCallPart, { room, sealer, notes }: Tools): Promise<ContentPart[]> {
  const { signature, ...bare } = part
  const isFirst = notes.addCall()
  notes.endCall(part, signature)
  const state = callState(notes, { room, isFirst, signature })
  if (state !== undefined && (room.call || room.reasoning) && sealer.canSeal()) {
    if (room.call) return [{ ...bare, signature: await sealer.seal(state) }]
    const envelope = await sealer.seal({ turn: [{ type: 'tool-call', id: part.id, signature: signature ?? '' }] })
    return [{ type: 'reasoning', text: '', signature: envelope }, bare]
  }
  return [room.marked === 'tool-call' && isFirst ? { ...bare, signature: foreignMark } : bare]
}

/** What the envelope on reasoning has to hold. */
export function reasoningState(noted: NotedReasoning, { splits }: WireRoom): Omit<SealedState, 'realm'> {
  const { text: _text, position: _position, ...token } = noted
  // Without text there is nothing to bring along.
  return splits && noted.text !== '' ? { turn: [{ type: 'reasoning', ...noted }] } : { token }
}

/** What the envelope on a call has to hold; undefined where nothing. */
export function callState(
  notes: AnswerNotes,
  call: { readonly room: WireRoom; readonly isFirst: boolean; readonly signature: string | undefined },
): Omit<SealedState, 'realm'> | undefined {
  const turn = call.room.repeatsOnCall && call.isFirst ? notes.reasoning() : []
  if (!call.signature && turn.length === 0) return undefined
  return { ...(call.signature && { token: { signature: call.signature } }), ...(turn.length > 0 && { turn }) }
}

async function sealOther(part: ContentPart, { room, sealer }: Omit<Tools, 'notes'>): Promise<ContentPart> {
  const { signature, ...bare } = part
  if (signature === undefined) return part
  if (signature === '') return bare
  if (room.text) return sealer.canSeal() ? { ...bare, signature: await sealer.seal({ token: { signature } }) } : bare
  if (room.reasoning) sealer.lose(roomlessLoss)
  return bare
}

/** Seals under one realm, and counts what could not be. */
export interface PartSealer {
  /** Whether there is a key; where there is none, that is the answer's loss. */
  canSeal(): boolean
  seal(state: Omit<SealedState, 'realm'>): Promise<string>
  /** Stores what the client of this wire may not send back. */
  remember(notes: AnswerNotes): Promise<void>
  /** Whether `remember` has anything to do. */
  hasToRemember(notes: AnswerNotes): boolean
  lose(loss: Loss): void
}

/** A sealer for one answer; each loss goes into `losses` once. */
export function createPartSealer(options: SealOptions, losses: Loss[]): PartSealer {
  const { keeper, realm, before } = options
  const lose = (loss: Loss): void => {
    if (!losses.includes(loss)) losses.push(loss)
  }
  const hasToRemember = (notes: AnswerNotes): boolean =>
    keeper.remembers && wireRoom[options.ingress].recorded && notes.calls() !== undefined && notes.carried().length > 0
  return {
    lose,
    hasToRemember,
    canSeal() {
      if (keeper.keyless) lose(keylessLoss)
      return !keeper.keyless
    },
    seal: (state) => keeper.seal({ realm, ...state }),
    async remember(notes) {
      const calls = notes.calls()
      if (calls === undefined || !hasToRemember(notes)) return
      if (!(await keeper.remember({ calls, before }, { realm, turn: notes.carried() }))) lose(unstoredLoss)
    },
  }
}
