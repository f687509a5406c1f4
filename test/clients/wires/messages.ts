// A provider of Anthropic's Messages. https://platform.claude.com/docs/en/api/messages
import { schemaErrors } from '../../support/openapi.ts'
import {
  counts,
  endOf,
  fragments,
  halve,
  member,
  nothingSeen,
  records,
  textIn,
  type ErrorAnswer,
  type Json,
  type ScriptedAnswer,
  type Seen,
  type Wire,
} from './wire.ts'
import { signatures } from './signatures.ts'

const words = { stop: 'end_turn', tool: 'tool_use', length: 'max_tokens' }
const answering = 'claude-sonnet-4-5-20250929'

export const messages: Wire = {
  name: 'messages',
  dialect: 'anthropic-messages',
  provider: { type: 'anthropic' },
  basePath: '',
  model: 'claude-sonnet-4-5',
  answering,
  abilities: {
    converses: true,
    signs: 'reasoning',
    ids: ['toolu_01D7FLrfh4GYq7yT1ULFeyMV', 'toolu_01XyhKmJN4DMn8CeT5bRfPqW', 'toolu_01QbC7vZsLw2RkXo9TgUiHaE'],
  },
  pathOf: () => '/v1/messages',
  countPath: '/v1/messages/count_tokens',
  requestErrors: ({ body, path }) =>
    schemaErrors('anthropic', path.endsWith('count_tokens') ? 'CountMessageTokensParams' : 'CreateMessageParams', body),
  see,
  whole,
  events,
  streamType: 'text/event-stream; charset=utf-8',
  counted: (tokens) => ({ input_tokens: tokens }),
  errorOf,
  errorEvent: () => event('error', { error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_1' }),
}

const usage = {
  input_tokens: counts.uncached,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: counts.cached,
  output_tokens: counts.output,
  service_tier: 'standard',
}

function whole(answer: ScriptedAnswer): object {
  const { thinking, text, calls } = answer
  return {
    id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
    type: 'message',
    role: 'assistant',
    model: answering,
    content: [
      ...(thinking === undefined ? [] : [{ type: 'thinking', thinking, signature: signatures.messages }]),
      ...(text === undefined ? [] : [{ type: 'text', text }]),
      ...(calls ?? []).map(({ id, name, input }) => ({ type: 'tool_use', id, name, input })),
    ],
    stop_reason: endOf(answer, words),
    stop_sequence: null,
    usage,
  }
}

/** An event with the padding that Anthropic leaves before the last brace. */
function event(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields }).replace(/\}$/, '     }')}\n\n`
}

interface Block {
  readonly start: object
  readonly deltas: readonly object[]
}

function blocksOf({ thinking, text, calls }: ScriptedAnswer): Block[] {
  const blocks: Block[] = []
  if (thinking !== undefined)
    blocks.push({
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        ...halve(thinking).map((piece) => ({ type: 'thinking_delta', thinking: piece })),
        { type: 'signature_delta', signature: signatures.messages },
      ],
    })
  if (text !== undefined)
    blocks.push({
      start: { type: 'text', text: '' },
      deltas: halve(text).map((piece) => ({ type: 'text_delta', text: piece })),
    })
  for (const { id, name, input } of calls ?? [])
    blocks.push({
      start: { type: 'tool_use', id, name, input: {} },
      deltas: fragments(input).map((partial_json) => ({ type: 'input_json_delta', partial_json })),
    })
  return blocks
}

function events(answer: ScriptedAnswer): string[] {
  const stop_reason = endOf(answer, words)
  const message = { ...whole({}), stop_reason: null, usage: { ...usage, output_tokens: 1 } }
  return [
    event('message_start', { message }),
    event('ping'),
    ...blocksOf(answer).flatMap(({ start, deltas }, index) => [
      event('content_block_start', { index, content_block: start }),
      ...deltas.map((delta, at) => (at === 1 ? event('ping') : '') + event('content_block_delta', { index, delta })),
      event('content_block_stop', { index }),
      event('ping'),
    ]),
    event('message_delta', {
      delta: { stop_reason, stop_sequence: null },
      usage: { output_tokens: counts.output },
    }),
    event('message_stop'),
  ]
}

function errorOf(status: 400 | 429 | 500): ErrorAnswer {
  const type = { 400: 'invalid_request_error', 429: 'rate_limit_error', 500: 'api_error' }[status]
  return {
    body: { type: 'error', error: { type, message: 'no' }, request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy' },
    headers: status === 429 ? { 'retry-after': '7' } : {},
  }
}

function see(body: Json): Seen {
  const turns = records(body['messages'])
  const blocksIn = (role: string): Json[] =>
    turns.filter((turn) => turn['role'] === role).flatMap(({ content }) => records(content))
  const last = turns.findLast(({ role }) => role === 'assistant')
  const assistant = records(last?.['content'])
  const results = blocksIn('user').filter(({ type }) => type === 'tool_result')
  const thinking = member(body, 'thinking')
  const kinds: Readonly<Record<string, string>> = { thinking: 'reasoning', tool_use: 'tool-call' }
  return {
    ...nothingSeen,
    system: textIn(body['system']),
    images: blocksIn('user')
      .filter(({ type }) => type === 'image')
      .map((block) => {
        const { media_type: mediaType, data } = member(block, 'source')
        return { mediaType: String(mediaType), data: String(data) }
      }),
    tools: records(body['tools']).map((tool) => ({ name: String(tool['name']), schema: tool['input_schema'] })),
    forced: ['any', 'tool'].includes(String(member(body, 'tool_choice')['type'])),
    schema: member(body, 'output_config', 'format')['schema'],
    reasoning: thinking['type'] === 'enabled' ? thinking['budget_tokens'] : thinking['type'],
    turn: assistant.map(({ type }) => kinds[String(type)] ?? String(type)),
    calls: assistant
      .filter(({ type }) => type === 'tool_use')
      .map(({ id, name, input }) => ({ id: String(id), name: String(name), input })),
    results: results.map((block) => ({ id: String(block['tool_use_id']), text: textIn(block['content']) })),
    resultTurns: turns.filter(({ content }) => records(content).some(({ type }) => type === 'tool_result')).length,
    signatures: assistant
      .filter(({ type }) => type === 'thinking')
      .map((block) => ({ on: 'reasoning', about: String(block['thinking']), signature: String(block['signature']) })),
  }
}
