// How much a model wrote, for answers whose provider does not say: a running count of characters. Keeps no text.
import type { IrResponse } from './response.ts'
import { approxTokensOf, type OutputCount } from './usage.ts'

/** Counts one answer. */
export interface OutputMeter {
  /** Text that the model wrote, of whatever kind: said, thought, refused, or the arguments of a tool call. */
  add(text: string): void
  /** A call of a tool that it began. */
  call(name: string): void
  /** Text, where its UTF-16 units are counted already. */
  grow(ascii: number, others: number): void
  /** The provider has told how much it had written up to here. */
  reported(): void
  /** Undefined where nothing was written. */
  count(): OutputCount | undefined
}

/** What a model writes around the name and the arguments of a call: between ten tokens and forty, by the model. */
const tokensOfCall = 16

/** A meter that stands at nothing. */
export function createOutputMeter(): OutputMeter {
  let ascii = 0
  let others = 0
  let calls = 0
  let isBehind = false

  function grow(moreAscii: number, moreOthers: number): void {
    if (moreAscii + moreOthers === 0) return
    ascii += moreAscii
    others += moreOthers
    isBehind = true
  }

  function add(text: string): void {
    let plain = 0
    for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) < 128) plain++
    grow(plain, text.length - plain)
  }

  return {
    grow,
    add,
    call(name) {
      calls++
      isBehind = true
      add(name)
    },
    reported: () => void (isBehind = false),
    count() {
      const tokens = calls * tokensOfCall + approxTokensOf(ascii, others)
      // What was written is a token at least.
      return tokens === 0 ? undefined : { tokens: Math.max(1, Math.round(tokens)), isBehind }
    },
  }
}

/** How much of a whole answer the model wrote. Tokens of the provider's own (signatures, redacted reasoning) are no text. */
export function countOutput({ outputs }: IrResponse): OutputCount | undefined {
  const meter = createOutputMeter()
  for (const { parts } of outputs)
    for (const part of parts) {
      if (part.type === 'tool-call') {
        meter.call(part.name)
        meter.add(part.input)
      } else if (part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal') meter.add(part.text)
    }
  return meter.count()
}
