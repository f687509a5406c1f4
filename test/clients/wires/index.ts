// Every kind of provider that the matrix has.
import { chat } from './chat.ts'
import { completions } from './completions.ts'
import { converse } from './converse.ts'
import { gemini } from './gemini.ts'
import { messages } from './messages.ts'
import { responses } from './responses.ts'
import type { Wire } from './wire.ts'

const conversing: readonly Wire[] = [chat, responses, messages, gemini, converse]

export const wires: readonly Wire[] = [...conversing, completions]

/** Another provider, that a conversation with this one may move to. */
export function wireBeside(wire: Wire): Wire {
  return conversing[(conversing.indexOf(wire) + 1) % conversing.length] ?? wire
}
