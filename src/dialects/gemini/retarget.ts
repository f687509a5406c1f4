// The byte path of a request: the client's own text under the target's path. Builds nothing anew.
import { isObject } from '../../wire/json-parse.ts'
import { readJson, type JsonDocument } from '../../wire/json-scan.ts'
import { spliceJson, type Edit } from '../../wire/json-splice.ts'
import type { CodecTarget, UpstreamCall, WireRequest } from '../dialect.ts'
import { callPath, placeOf, resourceOf, wantsEvents } from './endpoint.ts'

/** Client headers that mean something to a provider of this wire: none. */
export const forwardHeaders: readonly string[] = []

const noLimits = { maxDepth: Number.MAX_SAFE_INTEGER, maxKeysPerObject: Number.MAX_SAFE_INTEGER }
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The client's bytes with the edits, under the path of the target's model; the very same bytes where nothing changes. */
export function retarget(request: WireRequest, target: CodecTarget, edits: readonly Edit[]): UpstreamCall {
  const { action } = placeOf(request.path)
  const others = edits.filter(({ key }) => key !== 'model')
  return {
    path: callPath(target.model, action, wantsEvents(request)),
    headers: { 'content-type': 'application/json' },
    body: bodyFor(request, target, others),
  }
}

function bodyFor(request: WireRequest, { model, traits }: CodecTarget, edits: readonly Edit[]): Uint8Array {
  const { body } = request
  const wrapped = wrappedIn(request)
  if (traits?.countsUnwrapped === true && wrapped !== undefined)
    return spliceJson(wrapped.document, [{ type: 'remove', key: 'model' }])
  const inner = wrapped && spliceJson(wrapped.document, [{ type: 'set', key: 'model', json: named(model) }])
  const renamed: Edit[] = [
    // A model in the body has to be that of the path.
    ...(typeof body.value['model'] === 'string' ? [{ type: 'set' as const, key: 'model', json: named(model) }] : []),
    ...(wrapped && inner ? [{ type: 'set' as const, key: wrapped.key, json: decoder.decode(inner) }] : []),
  ]
  return spliceJson(body, [...renamed, ...edits])
}

function named(model: string): string {
  return JSON.stringify(resourceOf(model))
}

/** Counting tokens may wrap a whole request, which then names the model once more. */
function wrappedIn({ body, task }: WireRequest): { readonly key: string; readonly document: JsonDocument } | undefined {
  if (task !== 'count-tokens') return undefined
  const member = body.members.find(({ key }) => key === 'generateContentRequest' || key === 'generate_content_request')
  if (member === undefined || !isObject(body.value[member.key])) return undefined
  const reading = readJson(encoder.encode(body.text.slice(member.valueStart, member.valueEnd)), noLimits)
  return reading.ok ? { key: member.key, document: reading.document } : undefined
}
