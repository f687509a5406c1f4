// A request of this wire as the canonical request for embeddings.
import type { EmbeddingInput, EmbeddingRequest } from '../../ir/embedding.ts'
import type { Extras } from '../../ir/content.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { WireRequest } from '../dialect.ts'
import { present } from '../kit/present.ts'
import { unknownMembers, type Members } from '../openai-wire/members.ts'
import { readRequest, type RequestShape } from './schema.ts'

const knownMembers: ReadonlySet<string> = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user'])

// Spellings of what has a canonical name: they come back on this wire, and no other dialect sees them.
const unseen = Symbol('openai-embeddings')

/** How the client spelled what has a canonical name. */
export interface Spelling {
  /** One input that did not stand in a list. */
  readonly single?: true
  /** `encoding_format` was said although it is the default. */
  readonly float?: true
  /** Empty members. */
  readonly silent?: Members
}

/**
 * Decodes a request; fails with `invalid_value` where a member has another shape than the wire's.
 * @see https://platform.openai.com/docs/api-reference/embeddings/create
 */
export function decodeRequest(wire: WireRequest): Outcome<EmbeddingRequest> {
  const reading = readRequest(wire.body.value)
  if (!reading.ok) return failed('invalid_value', { param: reading.fault.at })
  const request = reading.value
  const { inputs, single } = decodeInput(request.input)
  return ok({
    source: 'openai-embeddings',
    model: request.model,
    inputs,
    encoding: request.encoding_format ?? 'float',
    ...present({
      dimensions: request.dimensions ?? undefined,
      user: request.user ?? undefined,
      extras: decodeExtras(request, single),
    }),
  })
}

/** How a request of this wire was spelled. */
export function spellingOf(extras: Extras | undefined): Spelling {
  return (extras as { readonly [unseen]?: Spelling } | undefined)?.[unseen] ?? {}
}

function decodeInput(input: RequestShape['input']): { inputs: readonly EmbeddingInput[]; single: boolean } {
  if (typeof input === 'string') return { inputs: [{ type: 'text', text: input, at: 'input' }], single: true }
  if (isTokens(input)) return { inputs: [{ type: 'tokens', tokens: input, at: 'input' }], single: true }
  const inputs = input.map((entry, index): EmbeddingInput => {
    const at = `input[${index}]`
    return typeof entry === 'string' ? { type: 'text', text: entry, at } : { type: 'tokens', tokens: entry, at }
  })
  return { inputs, single: false }
}

function isTokens(input: Exclude<RequestShape['input'], string>): input is number[] {
  return typeof input[0] === 'number'
}

function decodeExtras(request: RequestShape, single: boolean): Extras | undefined {
  const { said, silent } = unknownMembers(request, knownMembers)
  const spelling: Spelling = {
    ...(single && { single }),
    ...(request.encoding_format === 'float' && { float: true }),
    ...(Object.keys(silent).length > 0 && { silent }),
  }
  if (Object.keys(spelling).length > 0) return { ...said, [unseen]: spelling } as Extras
  return Object.keys(said).length > 0 ? said : undefined
}
