// The byte path of a request on OpenAI's wires: the client's own text with a few top-level values spliced in. Builds
// nothing anew.
import type { RequestFacts } from '../../ir/facts.ts'
import { isObject } from '../../wire/json-parse.ts'
import { readJson } from '../../wire/json-scan.ts'
import { spliceJson, type Edit } from '../../wire/json-splice.ts'
import type { DialectBase, WireRequest } from '../dialect.ts'

/** Client headers that mean something to a provider of Chat, Completions and Embeddings. */
export const forwardHeaders: readonly string[] = ['openai-beta']

const noLimits = { maxDepth: Number.MAX_SAFE_INTEGER, maxKeysPerObject: Number.MAX_SAFE_INTEGER }
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * The byte path to one provider path: the client's bytes with the edits and the target's model; the very same bytes
 * where nothing changes.
 * @param forwarded the client headers that go along
 */
export function retargetTo(path: string, forwarded = forwardHeaders): DialectBase['retarget'] {
  return (request, target, edits) => {
    const others = edits.filter((edit) => edit.key !== 'model')
    const renamed: readonly Edit[] =
      request.body.value['model'] === target.model
        ? []
        : [{ type: 'set', key: 'model', json: JSON.stringify(target.model) }]
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    for (const name of forwarded) {
      const value = request.headers.get(name)
      if (value !== null) headers[name] = value
    }
    return { path, headers, body: spliceJson(request.body, [...renamed, ...others]) }
  }
}

/**
 * Asks for usage in a stream that did not: without it no token of a stream could be accounted for. Other stream options
 * keep their bytes.
 * @see https://platform.openai.com/docs/api-reference/chat/create#chat-create-stream_options
 */
export function usageEdits(request: WireRequest, facts: RequestFacts): readonly Edit[] {
  if (!facts.stream || facts.wantsUsage) return []
  const options = request.body.value['stream_options']
  if (options === undefined || options === null) return [setOptions('{"include_usage":true}')]
  const member = request.body.members.find((candidate) => candidate.key === 'stream_options')
  // Options of another type are the provider's to refuse.
  if (!isObject(options) || member === undefined) return []
  const reading = readJson(encoder.encode(request.body.text.slice(member.valueStart, member.valueEnd)), noLimits)
  if (!reading.ok) return []
  const edited = spliceJson(reading.document, [{ type: 'set', key: 'include_usage', json: 'true' }])
  return [setOptions(decoder.decode(edited))]
}

function setOptions(json: string): Edit {
  return { type: 'set', key: 'stream_options', json }
}
