// The tokens of a translated stream, sealed on their way to the client: what `sealAnswer` does, event by event.
// Synchronous until there is something to seal; the order of events never changes.
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import type { Loss } from '../../ir/loss.ts'
import { foreignMark } from './envelope.ts'
import { createNotes, type AnswerNotes } from './notes.ts'
import { callState, createPartSealer, reasoningState, roomlessLoss, type SealOptions } from './seal-answer.ts'
import type { Position, SealedState } from './sealed-state.ts'
import { wireRoom } from './wire-room.ts'

export interface StreamSealer {
  /**
   * Takes the events of one frame, in order; the next ones only when this has settled. A promise where something has to
   * be sealed or stored first.
   */
  step(events: readonly IrEvent[]): readonly IrEvent[] | Promise<readonly IrEvent[]>
  losses(): readonly Loss[]
}

type PartStart = Extract<IrEvent, { type: 'part-start' }>
/** An event, or what becomes events once it is sealed. */
type Step = IrEvent | (() => Promise<readonly IrEvent[]>)

interface OpenPart {
  readonly part: number
  readonly choice: number
  readonly opening: PartOpening
  readonly position: Position
  /** Of reasoning: its text. Of a call: its arguments. */
  readonly fragments: string[]
  readonly signature: string[]
  /** The token has left already; what follows of it would be a second one. */
  sealed: boolean
  /** Of a call: what was known of its signature when its token left. */
  early: string
  isFirstCall: boolean
}

const lateLoss: Loss = {
  path: 'signature',
  action: 'dropped',
  reason: 'the signature of a tool call came after the call was opened',
}

// Parts of our own are numbered from here: no decoder counts that far.
const firstOwnPart = 2 ** 40

/** A sealer for the events of one answer. */
export function createStreamSealer(options: SealOptions): StreamSealer {
  const room = wireRoom[options.ingress]
  const losses: Loss[] = []
  const sealer = createPartSealer(options, losses)
  const open = new Map<number, OpenPart>()
  const notes = new Map<number, AnswerNotes>()
  const remembered = new Set<number>()
  let nextOwnPart = firstOwnPart

  function notesOf(choice: number): AnswerNotes {
    const found = notes.get(choice) ?? createNotes()
    notes.set(choice, found)
    return found
  }

  /** A signature for a part, where it can be sealed; else the mark, where one is due. */
  function signatureSteps(part: OpenPart, state: Omit<SealedState, 'realm'>): Step[] {
    if (!sealer.canSeal()) return isMarked(part) ? [markOf(part)] : []
    return [async () => [{ type: 'signature-delta', part: part.part, signature: await sealer.seal(state) }]]
  }

  function markOf({ part }: OpenPart): IrEvent {
    return { type: 'signature-delta', part, signature: foreignMark }
  }

  function isMarked(part: OpenPart): boolean {
    if (part.opening.type === 'reasoning') return room.marked === 'reasoning'
    return room.marked === 'tool-call' && part.isFirstCall
  }

  /** A part of our own, for a signature whose part has no room for one. */
  function carrierSteps(part: OpenPart, id: string, signature: string): Step[] {
    if (!room.reasoning || !sealer.canSeal()) return []
    const carrier = nextOwnPart++
    const start: IrEvent = { type: 'part-start', part: carrier, choice: part.choice, opening: { type: 'reasoning' } }
    return [
      async () => {
        const envelope = await sealer.seal({ turn: [{ type: 'tool-call', id, signature }] })
        return [start, { type: 'signature-delta', part: carrier, signature: envelope }]
      },
      { type: 'part-end', part: carrier },
    ]
  }

  function start(event: PartStart, ahead: ReadonlyMap<number, string>): Step[] {
    const { opening, part, choice } = event
    const opened: OpenPart = {
      part,
      choice,
      opening,
      position: notesOf(choice).position(),
      fragments: [],
      signature: [],
      sealed: false,
      early: '',
      isFirstCall: false,
    }
    open.set(part, opened)
    if (opening.type === 'tool-call') return startCall(event, opened, ahead.get(part))
    return opening.type === 'reasoning' && opening.redacted !== undefined
      ? startRedacted(event, opened, opening.redacted)
      : [event]
  }

  function startRedacted(event: PartStart, part: OpenPart, redacted: string): Step[] {
    if (part.opening.type !== 'reasoning') return [event]
    const { redacted: _redacted, ...bare } = part.opening
    const plain: IrEvent = { ...event, opening: bare }
    if (!room.reasoning || !room.redacted || !sealer.canSeal()) return [plain]
    part.sealed = true
    return [async () => [{ ...event, opening: { ...bare, redacted: await sealer.seal({ token: { redacted } }) } }]]
  }

  // Clients read what stands beside a call from the piece that opens it, so the token goes out as early as it is known.
  function startCall(event: PartStart, part: OpenPart, signature: string | undefined): Step[] {
    const noted = notesOf(part.choice)
    part.isFirstCall = noted.addCall()
    const state = callState(noted, { room, isFirst: part.isFirstCall, signature })
    part.early = signature ?? ''
    if (room.call) {
      part.sealed = state !== undefined
      return state === undefined ? [event] : [event, ...signatureSteps(part, state)]
    }
    if (!signature || part.opening.type !== 'tool-call') return [event]
    part.sealed = true
    return [...carrierSteps(part, part.opening.id, signature), event]
  }

  function end(part: OpenPart): Step[] {
    open.delete(part.part)
    const { opening } = part
    const signature = part.signature.join('')
    switch (opening.type) {
      case 'reasoning':
        return endReasoning(part, signature)
      case 'tool-call': {
        const call = { id: opening.id, name: opening.name, input: part.fragments.join('') }
        notesOf(part.choice).endCall(call, signature === '' ? undefined : signature)
        return endCall(part, opening.id, signature)
      }
      default:
        if (signature === '') return []
        if (room.text) return signatureSteps(part, { token: { signature } })
        if (room.reasoning) sealer.lose(roomlessLoss)
        return []
    }
  }

  function endReasoning(part: OpenPart, signature: string): Step[] {
    const text = part.fragments.join('')
    const redacted = part.opening.type === 'reasoning' ? part.opening.redacted : undefined
    const token = { ...(signature !== '' && { signature }), ...(redacted !== undefined && { redacted }) }
    if (signature === '' && redacted === undefined) {
      return isMarked(part) && text !== '' ? [markOf(part)] : []
    }
    const noted = { text, ...token, position: part.position }
    notesOf(part.choice).addReasoning(noted)
    return part.sealed || !room.reasoning ? [] : signatureSteps(part, reasoningState(noted, room))
  }

  function endCall(part: OpenPart, id: string, signature: string): Step[] {
    if (part.sealed) {
      if (signature !== part.early) sealer.lose(lateLoss)
      return []
    }
    if (signature !== '' && !room.call) return carrierSteps(part, id, signature)
    const state = callState(notesOf(part.choice), { room, isFirst: part.isFirstCall, signature })
    if (state !== undefined && room.call) return signatureSteps(part, state)
    return isMarked(part) ? [markOf(part)] : []
  }

  /** Before an answer says that it is over, everything is sealed, and what has to be stored is stored. */
  function finish(choice: number | undefined, isLast: boolean): Step[] {
    const steps: Step[] = []
    for (const [index, noted] of notes) {
      if (choice !== undefined && choice !== index) continue
      if (isLast) for (const part of open.values()) if (part.choice === index) steps.push(...end(part))
      if (remembered.has(index) || !sealer.hasToRemember(noted)) continue
      remembered.add(index)
      steps.push(async () => {
        await sealer.remember(noted)
        return []
      })
    }
    return steps
  }

  function take(event: IrEvent, ahead: ReadonlyMap<number, string>): Step[] {
    switch (event.type) {
      case 'part-start':
        return start(event, ahead)
      case 'reasoning-delta':
      case 'tool-input-delta':
        open.get(event.part)?.fragments.push(event.text)
        return [event]
      case 'text-delta':
        notesOf(open.get(event.part)?.choice ?? 0).addText(event.text)
        return [event]
      case 'signature-delta':
        open.get(event.part)?.signature.push(event.signature)
        return []
      case 'part-end': {
        const part = open.get(event.part)
        const steps = part === undefined ? [] : end(part)
        // A carrier follows its part; a signature belongs into it.
        const isCarrier = part?.opening.type === 'tool-call' && !room.call
        return isCarrier ? [event, ...steps] : [...steps, event]
      }
      case 'choice-finish':
        return [...finish(event.choice, false), event]
      case 'response-end':
        return [...finish(undefined, true), event]
      default:
        return [event]
    }
  }

  return {
    step(events) {
      const [only] = events
      if (events.length === 1 && only?.type === 'text-delta') {
        notesOf(open.get(only.part)?.choice ?? 0).addText(only.text)
        return events
      }
      const ahead = signaturesOf(events)
      const steps = events.flatMap((event) => take(event, ahead))
      return steps.every(isEvent) ? steps : settle(steps)
    },
    losses: () => losses,
  }
}

/** The signatures in a batch of events, whole, by part: providers that sign calls send call and signature in one frame. */
function signaturesOf(events: readonly IrEvent[]): ReadonlyMap<number, string> {
  if (!events.some((event) => event.type === 'signature-delta')) return none
  const found = new Map<number, string>()
  for (const event of events)
    if (event.type === 'signature-delta') found.set(event.part, (found.get(event.part) ?? '') + event.signature)
  return found
}

const none: ReadonlyMap<number, string> = new Map()

function isEvent(step: Step): step is IrEvent {
  return typeof step !== 'function'
}

async function settle(steps: readonly Step[]): Promise<readonly IrEvent[]> {
  const events: IrEvent[] = []
  for (const step of steps) {
    if (isEvent(step)) events.push(step)
    else events.push(...(await step()))
  }
  return events
}
