// The byte path of a request: the client's own text with the model spliced in. Builds nothing anew.
import type { Task } from '../../ir/dialect-id.ts'
import { spliceJson, type Edit } from '../../wire/json-splice.ts'
import type { CodecTarget, UpstreamCall, WireRequest } from '../dialect.ts'

export const upstreamPath = '/responses'
export const countPath = '/responses/input_tokens'

/** Client headers that mean something to a provider of this wire: its betas, and a coding agent's session. */
export const forwardHeaders: readonly string[] = [
  'openai-beta',
  'originator',
  'session-id',
  'session_id',
  'thread-id',
  'x-client-request-id',
]

/** The client's bytes with the edits and the target's model; the very same bytes where nothing changes. */
export function retarget(request: WireRequest, target: CodecTarget, edits: readonly Edit[]): UpstreamCall {
  const others = edits.filter((edit) => edit.key !== 'model')
  const renamed: readonly Edit[] =
    request.body.value['model'] === target.model
      ? []
      : [{ type: 'set', key: 'model', json: JSON.stringify(target.model) }]
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  for (const name of forwardHeaders) {
    const value = request.headers.get(name)
    if (value !== null) headers[name] = value
  }
  return { path: pathOfTask(request.task), headers, body: spliceJson(request.body, [...renamed, ...others]) }
}

function pathOfTask(task: Task): string {
  return task === 'count-tokens' ? countPath : upstreamPath
}
