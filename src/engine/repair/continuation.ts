// The request that asks for the rest of an answer: the same conversation with what was said so far as its last turn.
import { GatewayError, type Outcome, ok } from '../../ir/error.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'

export interface Continuation {
  readonly request: IrRequest
  /** What the client has of the answer and the request leaves out. */
  readonly tail: string
}

/**
 * Asks to go on behind a text. White space at its end is left out: Anthropic refuses it, and models write it again.
 * Fails where nothing but white space was said, and where the model is to think first.
 * https://platform.claude.com/docs/en/build-with-claude/prompt-engineering/prefill-claudes-response
 */
export function continuationOf(request: IrRequest, said: string): Outcome<Continuation> {
  const text = said.replace(/[\s\uD800-\uDBFF]+$/, '')
  const thinks = request.reasoning !== undefined && request.reasoning.mode !== 'disabled'
  if (text === '' || thinks) return { ok: false, error: new GatewayError('unsupported_content') }
  return ok({
    request: { ...request, turns: goneOn(request.turns, text), sampling: samplingBehind(request, text) },
    tail: said.slice(text.length),
  })
}

// A client that began the answer itself has its own last turn there.
function goneOn(turns: readonly Turn[], text: string): readonly Turn[] {
  const last = turns.at(-1)
  if (last?.role !== 'assistant')
    return [...turns, { role: 'assistant', breaksOff: true, parts: [{ type: 'text', text }] }]
  const part = last.parts.at(-1)
  const parts =
    part?.type === 'text'
      ? [...last.parts.slice(0, -1), { ...part, text: part.text + text }]
      : [...last.parts, { type: 'text' as const, text }]
  return [...turns.slice(0, -1), { ...last, breaksOff: true, parts }]
}

function samplingBehind({ sampling }: IrRequest, text: string): IrRequest['sampling'] {
  const { maxOutputTokens } = sampling
  if (maxOutputTokens === undefined) return sampling
  return { ...sampling, maxOutputTokens: Math.max(1, maxOutputTokens - approxTokensOf(text)) }
}

// Four ASCII characters to a token, 1.4 others: as input is estimated.
function approxTokensOf(text: string): number {
  let others = 0
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) others++
  return Math.ceil((text.length - others) / 4 + others / 1.4)
}
