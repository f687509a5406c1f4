// The byte path of a request: the client's own text with a few top-level values spliced in. Builds nothing anew.
import { spliceJson, type Edit } from '../../wire/json-splice.ts'
import type { CodecTarget, UpstreamCall, WireRequest } from '../dialect.ts'
import { countPath } from './count-tokens.ts'
import { defaultVersion, messagesPath } from './encode-request.ts'
import { fitBetas, modelEdits } from './hosted.ts'

/** Client headers that mean something to a provider of this wire. */
export const forwardHeaders: readonly string[] = ['anthropic-version', 'anthropic-beta']

/** The client's bytes with the edits and the target's model, and the headers that the target knows. */
export function retarget(request: WireRequest, target: CodecTarget, edits: readonly Edit[]): UpstreamCall {
  const isCount = request.task === 'count-tokens'
  const betas = fitBetas(request.headers.get('anthropic-beta'), request.body.value, target)
  const version = request.headers.get('anthropic-version') ?? defaultVersion
  const own = [...betas.edits, ...modelEdits(target, isCount)]
  const others = edits.filter(({ key }) => !own.some((edit) => edit.key === key))
  return {
    path: isCount ? countPath : messagesPath,
    headers: {
      'content-type': 'application/json',
      ...(target.traits?.bodyVersion === undefined && { 'anthropic-version': version }),
      ...(betas.header !== undefined && { 'anthropic-beta': betas.header }),
    },
    body: spliceJson(request.body, [...others, ...own]),
    ...(betas.losses.length > 0 && { losses: betas.losses }),
  }
}
