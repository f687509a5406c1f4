// A provider of Responses. https://platform.openai.com/docs/api-reference/responses
import { schemaErrors } from '../../support/openapi.ts'
import { inputOf } from '../sdk-client.ts'
import { openaiError } from './openai-error.ts'
import { answering, itemsOf, responseOf, responsesEvents, responsesFailure } from './responses-answer.ts'
import { mediumOf, member, nothingSeen, records, textIn, type Json, type Seen, type Wire } from './wire.ts'

export const responses: Wire = {
  name: 'responses',
  dialect: 'openai-responses',
  provider: { type: 'openai', api_formats: ['openai_responses'] },
  basePath: '/v1',
  model: 'gpt-5',
  answering,
  abilities: {
    converses: true,
    signs: 'reasoning',
    ids: ['call_DcQ7mWz1nVbR4xKsJ9tLpYfE', 'call_uH2oGa8TiCqN5ePkXr0BvMdZ', 'call_i4TzL9sBnW6aVqE1kRy0JpXo'],
  },
  pathOf: () => '/responses',
  countPath: '/responses/input_tokens',
  requestErrors: ({ body, path }) =>
    schemaErrors('openai', path.endsWith('input_tokens') ? 'TokenCountsBody' : 'CreateResponse', withItemIds(body)),
  see,
  whole: (answer, { body }) => responseOf(itemsOf(answer, body), answer),
  events: responsesEvents,
  streamType: 'text/event-stream; charset=utf-8',
  counted: (tokens) => ({ object: 'response.input_tokens', input_tokens: tokens }),
  errorOf: openaiError,
  errorEvent: responsesFailure,
}

/** The document wants an id of every reasoning item, the API does not. */
function withItemIds(body: Json): Json {
  if (!Array.isArray(body['input'])) return body
  return {
    ...body,
    input: records(body['input']).map((item) => (item['type'] === 'reasoning' ? { id: 'rs_1', ...item } : item)),
  }
}

function see(body: Json): Seen {
  const items = records(body['input'])
  const isSaid = ({ type, role }: Json): boolean =>
    type === 'reasoning' || type === 'function_call' || role === 'assistant'
  const start = items.findLastIndex((item, at) => isSaid(item) && !isSaid(items[at - 1] ?? {}))
  const assistant = start < 0 ? [] : items.slice(start).filter(isSaid)
  const parts = items.filter(({ role }) => role === 'user').flatMap(({ content }) => records(content))
  const system = items.filter(({ role }) => role === 'system' || role === 'developer')
  const results = items.filter(({ type }) => type === 'function_call_output')
  return {
    ...nothingSeen,
    system: [textIn(body['instructions']), ...system.map(({ content }) => textIn(content))].join('\n'),
    images: parts.filter(({ type }) => type === 'input_image').map((part) => mediumOf(String(part['image_url']))),
    tools: records(body['tools']).map(({ name, parameters }) => ({ name: String(name), schema: parameters })),
    forced: body['tool_choice'] === 'required' || typeof body['tool_choice'] === 'object',
    schema: member(body, 'text', 'format')['schema'],
    reasoning: member(body, 'reasoning')['effort'],
    turn: assistant.map(kindOf),
    calls: assistant
      .filter(({ type }) => type === 'function_call')
      .map((item) => ({
        id: String(item['call_id']),
        name: String(item['name']),
        input: inputOf(String(item['arguments'])),
      })),
    results: results.map((item) => ({ id: String(item['call_id']), text: textIn(item['output']) })),
    // Every result is an item of its own.
    resultTurns: results.length > 0 ? 1 : 0,
    signatures: assistant
      .filter((item) => typeof item['encrypted_content'] === 'string')
      .map((item) => ({
        on: 'reasoning',
        about: textIn(item['summary']),
        signature: String(item['encrypted_content']),
      })),
  }
}

function kindOf({ type }: Json): string {
  if (type === 'function_call') return 'tool-call'
  return type === 'reasoning' ? 'reasoning' : 'text'
}
