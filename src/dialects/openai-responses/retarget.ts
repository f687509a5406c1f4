// The byte path of a request: to an answer, or to a count of its tokens.
import type { Edit } from '../../wire/json-splice.ts'
import type { CodecTarget, UpstreamCall, WireRequest } from '../dialect.ts'
import { retargetTo } from '../openai-wire/retarget.ts'

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

const answer = retargetTo(upstreamPath, forwardHeaders)
const count = retargetTo(countPath, forwardHeaders)

/** The client's bytes for the provider. */
export function retarget(request: WireRequest, target: CodecTarget, edits: readonly Edit[]): UpstreamCall {
  return (request.task === 'count-tokens' ? count : answer)(request, target, edits)
}
