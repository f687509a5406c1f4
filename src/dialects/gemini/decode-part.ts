// One part of a content as a canonical part. What has no canonical counterpart travels whole.
// https://ai.google.dev/api/caching#Part
import type { ContentPart, PartBase, ToolResultPart } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { present } from '../kit/present.ts'
import type { CallIds } from './call-ids.ts'
import { pack, unknownMembers, type Aside, type Members } from './extras.ts'
import { decodeInline, decodeLink, type PartFrame } from './media.ts'
import { camelKeys, repeated } from './names.ts'
import type { Fault } from '../kit/shape.ts'
import { readPart, type PartShape } from './schema.ts'
import { decodeResult } from './tool-result.ts'

export interface PartContext {
  readonly ids: CallIds
  /** The parts are of an answer: a result among them is of a tool that the server ran itself. */
  readonly answer?: true
  readonly faults: Fault[]
}

/** Members that say something about a part and are not its content. */
export const sideMembers: ReadonlySet<string> = new Set([
  'thought',
  'thoughtSignature',
  'videoMetadata',
  'mediaResolution',
  'partMetadata',
])

const payloads = ['inlineData', 'fileData', 'functionCall', 'functionResponse'] as const
const innerMembers: Readonly<Record<string, ReadonlySet<string>>> = {
  inlineData: new Set(['mimeType', 'data']),
  fileData: new Set(['mimeType', 'fileUri']),
  functionCall: new Set(['id', 'name', 'args']),
  functionResponse: new Set(['id', 'name', 'response', 'parts']),
}

/** The parts of a content; wrong shapes are reported to `faults` and left out. */
export function decodeParts(parts: readonly unknown[], at: string, context: PartContext): ContentPart[] {
  return parts.map((part, index) => decodePart(part, `${at}[${index}]`, context)).filter((part) => part !== undefined)
}

function decodePart(value: unknown, at: string, context: PartContext): ContentPart | undefined {
  const reading = readPart(isObject(value) ? camelPart(value) : value)
  if (reading.ok) return decodeKnown(reading.value, at, context)
  context.faults.push({ at: at + reading.fault.at, message: reading.fault.message })
  return undefined
}

/** A part with its keys and those of its content in camelCase. */
export function camelPart(value: Members): Members {
  const part: Record<string, unknown> = { ...camelKeys(value) }
  for (const key of payloads) if (isObject(part[key])) part[key] = camelKeys(part[key])
  return part
}

function decodeKnown(part: PartShape, at: string, context: PartContext): ContentPart {
  const media = mediaFrame(part, at)
  if (part.inlineData) return decodeInline(part.inlineData, media('inlineData'))
  if (part.fileData) return decodeLink(part.fileData, media('fileData'))
  if (part.functionCall) return decodeCall(part, part.functionCall, at, context.ids)
  if (part.functionResponse && context.answer !== true) return decodeAnswer(part, part.functionResponse, at, context)
  const kind = contentKind(part)
  if (kind !== undefined) return { type: 'opaque', kind, value: withoutSignature(part), ...signed(part), at }
  const thought = part.thought === true
  const text = part.text ?? ''
  return {
    type: thought ? 'reasoning' : 'text',
    text,
    ...frameOf(
      part,
      at,
      ['text', ...(thought ? ['thought'] : [])],
      typeof part.text === 'string' ? {} : { bare: true },
    ),
  }
}

/** The member that is a part's content where it is none of those with a canonical name; undefined for text or nothing. */
export function contentKind(part: Members): string | undefined {
  if (typeof part['text'] === 'string') return undefined
  return Object.keys(part).find((key) => !sideMembers.has(key) && part[key] !== null && part[key] !== undefined)
}

function decodeCall(
  part: PartShape,
  call: NonNullable<PartShape['functionCall']>,
  at: string,
  ids: CallIds,
): ContentPart {
  return {
    type: 'tool-call',
    id: ids.called(call.id, call.name),
    name: call.name,
    input: encodeArgs(call['args']),
    ...frameOf(part, at, ['functionCall'], { id: { value: call.id ?? undefined } }),
  }
}

/** Arguments as JSON text; `''` where there are none. */
export function encodeArgs(args: unknown): string {
  return args === undefined || args === null ? '' : JSON.stringify(args)
}

function decodeAnswer(
  part: PartShape,
  answer: NonNullable<PartShape['functionResponse']>,
  at: string,
  context: PartContext,
): ToolResultPart {
  const { id, name, response } = answer
  const result = decodeResult(response)
  const text: ContentPart[] = result === undefined ? [] : [{ type: 'text', text: result.text, at }]
  return {
    type: 'tool-result',
    callId: context.ids.answered(id, name),
    parts: [...text, ...decodeParts(repeated(answer.parts), `${at}.functionResponse.parts`, context)],
    ...present({ isError: result?.isError }),
    ...frameOf(part, at, ['functionResponse'], {
      id: { value: id ?? undefined },
      result: { name, response, text: result?.text ?? '' },
    }),
  }
}

function mediaFrame(part: PartShape, at: string): (payload: string) => PartFrame {
  return (payload) => (mimeType, named) =>
    frameOf(part, at, [payload], { mimeType }, named === true ? `${payload}.displayName` : undefined)
}

/** What a part has besides its content: place, signature, and members without a canonical name. */
function frameOf(part: PartShape, at: string, known: readonly string[], unseen: Aside, named?: string): PartBase {
  const own = new Set([...known, 'thoughtSignature'])
  const inner = known.flatMap((key) => {
    const content = part[key]
    const names = innerMembers[key]
    return isObject(content) && names !== undefined ? Object.entries(unknownMembers(content, names, key)) : []
  })
  // What it is not is no news.
  const { thought, ...said } = unknownMembers(part, own)
  const beside = inner.filter(([key]) => key !== named)
  const silent = thought === false ? { silent: { thought } } : {}
  const told = thought === undefined || thought === false ? said : { ...said, thought }
  const extras = pack({ ...told, ...Object.fromEntries(beside) }, { ...unseen, ...silent })
  return { at, ...signed(part), ...present({ extras }) }
}

function signed(part: PartShape): { readonly signature?: string } {
  return part.thoughtSignature ? { signature: part.thoughtSignature } : {}
}

function withoutSignature(part: Members): Members {
  const { thoughtSignature: _signature, ...rest } = part
  return rest
}
