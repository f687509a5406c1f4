// What one answer has said so far, as far as its state depends on it. Kept for whole answers and streams alike.
import type { ToolCallPart } from '../../ir/content.ts'
import type { Carried, CarriedReasoning, Position, Token } from './sealed-state.ts'

export type NotedCall = Pick<ToolCallPart, 'id' | 'name' | 'input'>

export type NotedReasoning = Omit<CarriedReasoning, 'type'>

export interface AnswerNotes {
  /** Where the next part stands. */
  position(): Position
  addText(text: string): void
  addReasoning(reasoning: NotedReasoning): void
  /** Returns whether it is the first. */
  addCall(): boolean
  /** A call that is complete. */
  endCall(call: NotedCall, signature: string | undefined): void
  /** Signed reasoning so far. */
  reasoning(): readonly Carried[]
  /** Everything that has to come back. */
  carried(): readonly Carried[]
  /** The calls, once all of them are complete; undefined before, and where there is none. */
  calls(): readonly NotedCall[] | undefined
}

/** Empty notes, for one choice of one answer. */
export function createNotes(): AnswerNotes {
  const reasoning: CarriedReasoning[] = []
  const signatures: Carried[] = []
  const ended: NotedCall[] = []
  let begun = 0
  let chars = 0
  return {
    position: () => ({ calls: begun, chars }),
    addText: (text) => void (chars += text.length),
    addReasoning: (noted) => void reasoning.push({ type: 'reasoning', ...noted }),
    addCall: () => ++begun === 1,
    endCall(call, signature) {
      ended.push(call)
      if (signature !== undefined) signatures.push({ type: 'tool-call', id: call.id, signature })
    },
    reasoning: () => [...reasoning],
    carried: () => [...reasoning, ...signatures],
    calls: () => (begun > 0 && ended.length === begun ? ended : undefined),
  }
}

/** The tokens that a part carries; undefined where it has none. */
export function tokenOf(part: Token): Token | undefined {
  const { signature, redacted } = part
  if (!signature && redacted === undefined) return undefined
  return { ...(signature && { signature }), ...(redacted !== undefined && { redacted }) }
}
