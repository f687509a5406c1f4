// What a client hears of a stream: its text, how it ended, and whether it was a legal stream of its wire.
import { dialects, type GenerativeId } from '../../src/dialects/index.ts'
import type { Finish } from '../../src/ir/response.ts'
import { mergeUsage, type Usage } from '../../src/ir/usage.ts'
import { sseFrames } from '../support/corpus.ts'
import { readStream } from '../support/stream-grammar.ts'

export interface Heard {
  readonly text: string
  readonly end: 'success' | 'error' | 'nothing'
  readonly error: string | undefined
  readonly finish: Finish | undefined
  readonly usage: Usage | undefined
  /** How often a text began, and the answer. */
  readonly parts: number
  readonly starts: number
  readonly faults: readonly string[]
  readonly raw: string
}

/** Reads a whole stream as its wire's decoder does, and as its grammar does. */
export function decodeEmbedded(wire: GenerativeId, raw: string): Heard {
  const frames = sseFrames(new TextEncoder().encode(raw))
  const decoder = dialects[wire].streamDecoder()
  const events = [...frames.flatMap((frame) => decoder.step(frame)), ...decoder.finish()]
  const failure = events.find((event) => event.type === 'error')
  let usage: Usage | undefined
  for (const event of events) if (event.type === 'usage-report') usage = mergeUsage(usage, event.usage)
  return {
    text: events.map((event) => (event.type === 'text-delta' ? event.text : '')).join(''),
    end:
      failure !== undefined ? 'error' : events.some((event) => event.type === 'response-end') ? 'success' : 'nothing',
    error: failure?.type === 'error' ? failure.error.message : undefined,
    finish: events.findLast((event) => event.type === 'choice-finish')?.finish,
    usage,
    parts: events.filter((event) => event.type === 'part-start').length,
    starts: events.filter((event) => event.type === 'response-start').length,
    faults: readStream(wire, frames).faults,
    raw,
  }
}
