// Amazon's service model as a gate for whole calls of Bedrock Runtime. Owns which shape a call's body has.
import { modelErrors } from '../conformance/wires/bedrock-converse/model.ts'
import { record } from './json.ts'

const shapes = {
  converse: 'ConverseRequest',
  'converse-stream': 'ConverseStreamRequest',
  'count-tokens': 'CountTokensRequest',
} as const

/**
 * What the service would refuse in a call, one line per place; empty where it is valid.
 * @param path as it is sent, model included
 */
export function callErrors(path: string, body: unknown): string[] {
  const [, model = '', action = ''] = /^\/model\/([^/]+)\/([a-z-]+)$/.exec(path) ?? []
  if (!(action in shapes)) return [`${path} is no call`]
  return [
    ...modelErrors('ConversationalModelId', decodeURIComponent(model), 'modelId'),
    ...modelErrors(shapes[action as keyof typeof shapes], record(body)),
  ]
}

export { modelErrors }
