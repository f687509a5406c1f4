// Streams read by the grammar of their wire: as frames, as bytes, or while a client reads them. Owns the reading and what
// a test is told; the rules are the dialect's.
import { expect } from 'vitest'
import type { StreamGrammar, Violation } from '../../src/dialects/dialect.ts'
import { dialects, type GenerativeId } from '../../src/dialects/index.ts'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { createSseDecoder } from '../../src/wire/sse-decode.ts'

/** A stream as a test has it at hand. */
export type Stream = readonly Frame[] | Uint8Array | string

/** What is wrong with a stream, as lines; empty for a legal one. `flags`: what is legal and still worth telling. */
export interface Reading {
  readonly faults: readonly string[]
  readonly flags: readonly string[]
}

/** Reads a whole stream, terminal included; of a `cut` one the end is not judged. */
export function readStream(dialect: DialectId, stream: Stream, cut = false): Reading {
  const reader = createReader(dialect)
  for (const frame of framesOf(stream)) reader.step(frame)
  return reader.finish(cut)
}

export interface Allowance {
  /** Rules that may be flagged. */
  readonly flags?: readonly string[]
  /** The stream goes on behind what is read here. */
  readonly cut?: boolean
}

/** Asserts that a stream is legal, and that nothing in it is flagged. */
export function expectLegal(dialect: DialectId, stream: Stream, { flags = [], cut = false }: Allowance = {}): void {
  const reading = readStream(dialect, stream, cut)
  expect(reading.faults, `${dialect}: the stream is legal`).toEqual([])
  const unexpected = reading.flags.filter((line) => !flags.some((rule) => line.startsWith(`${rule}: `)))
  expect(unexpected, `${dialect}: nothing is flagged`).toEqual([])
}

/** A fetch that lets the grammar read along, and the faults of all streams that came through it. */
export type GrammarFetch = typeof fetch & { readonly faults: string[] }

/** A fetch for a client of the dialect. A stream that is not legal breaks where it stops being so. */
export function grammarFetch(dialect: DialectId, send: typeof fetch = fetch): GrammarFetch {
  const faults: string[] = []
  const reading = async (...args: Parameters<typeof fetch>): Promise<Response> =>
    readAlong(dialect, await send(...args), faults)
  return Object.assign(reading as typeof fetch, { faults })
}

/** The same response; where it is a stream, reading it fails at the first frame that is not legal. */
export function readAlong(dialect: DialectId, response: Response, faults: string[] = []): Response {
  const isStream = /^(?:text\/event-stream)\b/.test(response.headers.get('content-type') ?? '')
  if (!isStream || !response.ok || response.body === null) return response
  const reader = createReader(dialect)
  const decoder = createSseDecoder(Number.MAX_SAFE_INTEGER)
  const judge = (found: readonly string[]): void => {
    if (found.length === 0) return
    faults.push(...found)
    throw new Error(`not a legal stream of ${dialect}: ${found.join('; ')}`)
  }
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        for (const { frame } of decoder.push(chunk)) if (frame !== undefined) judge(reader.step(frame))
        controller.enqueue(chunk)
      },
      flush() {
        for (const { frame } of decoder.end()) if (frame !== undefined) judge(reader.step(frame))
        judge(reader.finish().faults)
      },
    }),
  )
  return new Response(body, response)
}

/** The frames of a stream: of server-sent events, or of one JSON array. */
function framesOf(stream: Stream): readonly Frame[] {
  if (typeof stream === 'string') return framesOf(new TextEncoder().encode(stream))
  if (!(stream instanceof Uint8Array)) return stream
  const text = new TextDecoder().decode(stream)
  if (text.trimStart().startsWith('['))
    return (JSON.parse(text) as unknown[]).map((value) => ({ data: JSON.stringify(value) }))
  const decoder = createSseDecoder(Number.MAX_SAFE_INTEGER)
  return [...decoder.push(stream), ...decoder.end()].flatMap(({ frame }) => (frame === undefined ? [] : [frame]))
}

interface Reader {
  /** The fault of this frame, as a list of one line; empty where it is legal. */
  step(frame: Frame): string[]
  finish(cut?: boolean): Reading
}

function createReader(dialect: DialectId): Reader {
  const grammar = grammarOf(dialect)
  const faults: string[] = []
  const note = (found: Violation | undefined): string[] => {
    const lines = found === undefined ? [] : [lineOf(found)]
    faults.push(...lines)
    return lines
  }
  return {
    step(frame) {
      const fault = valueFault(frame)
      return fault === undefined ? note(grammar.step(frame)) : note(fault)
    },
    finish(cut = false) {
      if (!cut) note(grammar.finish())
      return { faults, flags: grammar.flags().map(lineOf) }
    },
  }
}

/** What a writer leaves beside the text has to be what the text says: the grammar of the gateway reads only that. */
function valueFault({ data, value }: Frame): Violation | undefined {
  return value === undefined || JSON.stringify(value) === data
    ? undefined
    : { rule: 'value-is-not-data', detail: 'the value of a frame is not what its text says' }
}

function grammarOf(dialect: DialectId): StreamGrammar {
  const grammar = dialects[dialect as GenerativeId]?.grammar?.()
  if (grammar === undefined) throw new Error(`${dialect} has no grammar`)
  return grammar
}

function lineOf({ rule, detail }: Violation): string {
  return `${rule}: ${detail}`
}
