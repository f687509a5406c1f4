// The path of a call, which holds the model, and the byte path of a request: its body needs no change at all.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import { spliceJson, type Edit } from '../../wire/json-splice.ts'
import type { CodecTarget, UpstreamCall, WireRequest } from '../dialect.ts'

export type Action = 'converse' | 'converse-stream' | 'count-tokens'

const jsonHeaders = { 'content-type': 'application/json' }
const encoder = new TextEncoder()

/** The path below a provider's base URL. A model id may hold `:` and `/`, and is one segment all the same. */
export function pathOf(model: string, action: Action): string {
  return `/model/${encodeURIComponent(model)}/${action}`
}

/** The model and the action that a request's path names; undefined where it is no path of this wire. */
export function readPath(path: string): { readonly model: string; readonly action: Action } | undefined {
  const match = /^\/model\/(.+)\/(converse|converse-stream|count-tokens)$/.exec(path)
  return match?.[1] === undefined ? undefined : { model: match[1], action: match[2] as Action }
}

/** What a request asks for, by its path, else by its task. */
export function actionOf({ path, task }: WireRequest): Action {
  return readPath(path)?.action ?? (task === 'count-tokens' ? 'count-tokens' : 'converse')
}

/** A body that was built here, on its way to the provider. */
export function callOf(model: string, action: Action, body: unknown): UpstreamCall {
  return { path: pathOf(model, action), headers: jsonHeaders, body: encoder.encode(JSON.stringify(body)) }
}

/** The client's bytes below the target's path. The body does not name the model. */
export function retarget(request: WireRequest, target: CodecTarget, edits: readonly Edit[]): UpstreamCall {
  const others = edits.filter(({ key }) => key !== 'model')
  return {
    path: pathOf(target.model, actionOf(request)),
    headers: jsonHeaders,
    body: others.length === 0 ? request.body.bytes : spliceJson(request.body, others),
  }
}
