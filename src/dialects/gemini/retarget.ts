// The byte path of a request: the client's own text under the target's path. Builds nothing anew.
import { isObject } from '../../wire/json-parse.ts'
import { readJson } from '../../wire/json-scan.ts'
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
  const renamed = [...modelEdits(request, target.model), ...wrappedEdits(request, target.model)]
  const others = edits.filter(({ key }) => key !== 'model')
  return {
    path: callPath(target.model, action, wantsEvents(request)),
    headers: { 'content-type': 'application/json' },
    body: spliceJson(request.body, [...renamed, ...others]),
  }
}

// A model in the body has to be that of the path.
function modelEdits({ body }: WireRequest, model: string): Edit[] {
  return typeof body.value['model'] === 'string'
    ? [{ type: 'set', key: 'model', json: JSON.stringify(resourceOf(model)) }]
    : []
}

/** Counting tokens may wrap a whole request, which then names the model once more. */
function wrappedEdits({ body, task }: WireRequest, model: string): Edit[] {
  if (task !== 'count-tokens') return []
  const member = body.members.find(({ key }) => key === 'generateContentRequest' || key === 'generate_content_request')
  if (member === undefined || !isObject(body.value[member.key])) return []
  const reading = readJson(encoder.encode(body.text.slice(member.valueStart, member.valueEnd)), noLimits)
  if (!reading.ok) return []
  const edited = spliceJson(reading.document, [{ type: 'set', key: 'model', json: JSON.stringify(resourceOf(model)) }])
  return [{ type: 'set', key: member.key, json: decoder.decode(edited) }]
}
