// What came back for a made-up request, read as its client would read it: text, usage, finish, and for a stream whether it
// is a legal one of its wire. Pure.
import type { AnyDialect, Dialect } from '../dialects/dialect.ts'
import { allDialects } from '../dialects/index.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import type { GatewayError } from '../ir/error.ts'
import { createFold } from '../ir/fold.ts'
import type { IrResponse } from '../ir/response.ts'
import { totalInput } from '../ir/usage.ts'
import type { Frame } from '../wire/frame.ts'
import { isObject, parseJson } from '../wire/json-parse.ts'
import { createSseDecoder } from '../wire/sse-decode.ts'

/** An answer as far as a check has to know it; never its text. */
export interface AnswerReading {
  /** The answer cannot be read, ended with an error, or breaks a rule of its wire. Says where, quotes nothing. */
  readonly fault: string | null
  readonly characters: number
  readonly finish: string | null
  /** The model that answered, as the provider names it. */
  readonly model: string | null
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly reasoningTokens: number | null
  /** Of an embedding: how many numbers its first vector has. */
  readonly dimensions: number | null
}

const nothing: AnswerReading = {
  fault: null,
  characters: 0,
  finish: null,
  model: null,
  inputTokens: null,
  outputTokens: null,
  reasoningTokens: null,
  dimensions: null,
}

/** Reads a whole answer of a client's wire. */
export function readAnswer(id: DialectId, text: string): AnswerReading {
  const dialect: AnyDialect = allDialects[id]
  const body = parseJson(text)
  if (body === undefined) return broken('the answer is not JSON')
  if ('streamDecoder' in dialect) return viewOf(dialect.decodeResponse(body))
  const decoded = dialect.embedding.decodeResponse(body)
  if (!decoded.ok) return broken(`the answer cannot be read: ${decoded.error.code}`)
  const { vectors, usage, model } = decoded.value
  return {
    ...nothing,
    dimensions: vectors[0]?.length ?? null,
    inputTokens: usage === undefined ? null : (totalInput(usage) ?? null),
    model: model ?? null,
  }
}

/** Reads a whole stream of a client's wire (server-sent events), and holds it against the grammar of that wire. */
export function readStreamedAnswer(id: DialectId, text: string): AnswerReading {
  const dialect = allDialects[id]
  if (!('streamDecoder' in dialect)) return broken(`${id} has no streams`)
  const frames = framesOf(text)
  if (frames.length === 0) return broken('the stream holds no event')
  const fault = faultOf(dialect, frames)
  const decoder = dialect.streamDecoder()
  const fold = createFold(dialect.id, dialect.joinOpaque)
  for (const frame of frames) decoder.step(frame).forEach(fold.step)
  decoder.finish().forEach(fold.step)
  const error = fold.error()
  if (error !== undefined) return broken(`the stream ended with an error: ${error.code}`)
  return { ...viewOf({ ok: true, value: fold.response() }), fault }
}

function framesOf(text: string): readonly Frame[] {
  const decoder = createSseDecoder(Number.MAX_SAFE_INTEGER)
  const blocks = [...decoder.push(new TextEncoder().encode(text)), ...decoder.end()]
  return blocks.flatMap(({ frame }) => (frame === undefined ? [] : [frame]))
}

function faultOf(dialect: Dialect, frames: readonly Frame[]): string | null {
  const grammar = dialect.grammar()
  for (const frame of frames) {
    if (isPreamble(frame)) continue
    const violation = grammar.step(frame)
    if (violation !== undefined) return `the stream breaks a rule of ${dialect.id}: ${violation.detail}`
  }
  const missing = grammar.finish()
  return missing === undefined ? null : `the stream is not complete: ${missing.detail}`
}

// Azure sends what its filter said of the prompt as a chunk of its own, before the first choice; every SDK passes over it.
// https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-streaming
function isPreamble({ data }: Frame): boolean {
  const value = data.includes('prompt_filter_results') ? parseJson(data) : undefined
  return (
    isObject(value) && Array.isArray(value['choices']) && value['choices'].length === 0 && !isObject(value['usage'])
  )
}

function viewOf(
  decoded: { readonly ok: true; readonly value: IrResponse } | { readonly ok: false; readonly error: GatewayError },
): AnswerReading {
  if (!decoded.ok) return broken(`the answer cannot be read: ${decoded.error.code}`)
  const { outputs, usage, model } = decoded.value
  const [first] = outputs
  const characters = (first?.parts ?? []).reduce((sum, part) => sum + (part.type === 'text' ? part.text.length : 0), 0)
  return {
    ...nothing,
    characters,
    finish: first?.finish?.class ?? null,
    model: model ?? null,
    inputTokens: usage === undefined ? null : (totalInput(usage) ?? null),
    outputTokens: usage?.output ?? null,
    reasoningTokens: usage?.reasoning ?? null,
  }
}

function broken(fault: string): AnswerReading {
  return { ...nothing, fault }
}
