// A provider of Chat Completions. https://platform.openai.com/docs/api-reference/chat
import { schemaErrors } from '../../support/openapi.ts'
import {
  counts,
  endOf,
  halve,
  mediumOf,
  member,
  nothingSeen,
  reasoningTokens,
  records,
  sse,
  textIn,
  type Json,
  type ScriptedAnswer,
  type ScriptedCall,
  type Seen,
  type Wire,
} from './wire.ts'
import { openaiError } from './openai-error.ts'

const words = { stop: 'stop', tool: 'tool_calls', length: 'length' }
const answering = 'gpt-5-2025-08-07'

export const chat: Wire = {
  name: 'chat',
  dialect: 'openai-chat',
  provider: { type: 'openai', api_formats: ['openai_chat'] },
  basePath: '/v1',
  model: 'gpt-5',
  answering,
  abilities: {
    converses: true,
    signs: 'nothing',
    ids: ['call_kX0dQm5L3rTz8VbN1cYw7HsJ', 'call_9pRfA2uGe6MiZo4KtWxB0vDq', 'call_Yw3nQ7bXoK1vS5mTzR8cLdEj'],
  },
  pathOf: () => '/chat/completions',
  requestErrors: ({ body }) => schemaErrors('openai', 'CreateChatCompletionRequest', body),
  see,
  whole,
  events,
  streamType: 'text/event-stream; charset=utf-8',
  errorOf: openaiError,
  errorEvent: () =>
    sse({ error: { message: 'The server had an error', type: 'server_error', param: null, code: null } }),
}

function usageOf(answer: ScriptedAnswer): object {
  return {
    prompt_tokens: counts.input,
    completion_tokens: counts.output,
    total_tokens: counts.total,
    prompt_tokens_details: { cached_tokens: counts.cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoningTokens(answer), audio_tokens: 0 },
  }
}

function whole(answer: ScriptedAnswer): object {
  const calls = answer.calls?.map(({ id, name, input }) => ({
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }))
  const message = {
    role: 'assistant',
    content: answer.text ?? null,
    // DeepSeek's member, which many others have taken over. OpenAI shows no reasoning here.
    ...(answer.thinking !== undefined && { reasoning_content: answer.thinking }),
    ...(calls !== undefined && { tool_calls: calls }),
    refusal: null,
    annotations: [],
  }
  const finish_reason = endOf(answer, words)
  return {
    id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
    object: 'chat.completion',
    created: 1_741_569_952,
    model: answering,
    choices: [{ index: 0, message, logprobs: null, finish_reason }],
    usage: usageOf(answer),
    service_tier: 'default',
    system_fingerprint: null,
  }
}

function chunk(delta: object | undefined, finish: string | null = null, usage: object | null = null): string {
  return sse({
    id: 'chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG',
    object: 'chat.completion.chunk',
    created: 1_741_570_283,
    model: answering,
    service_tier: 'default',
    system_fingerprint: null,
    choices: delta === undefined ? [] : [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage,
    obfuscation: 'k3Q9',
  })
}

function events(answer: ScriptedAnswer, { body }: { readonly body: Json }): string[] {
  const asksUsage = member(body, 'stream_options')['include_usage'] === true
  return [
    chunk({ role: 'assistant', content: '', refusal: null }),
    ...halve(answer.thinking).map((reasoning_content) => chunk({ reasoning_content })),
    ': keep-alive\n\n',
    ...halve(answer.text).map((content) => chunk({ content })),
    ...callChunks(answer.calls ?? []),
    chunk({}, endOf(answer, words)),
    ...(asksUsage ? [chunk(undefined, null, usageOf(answer))] : []),
    'data: [DONE]\n\n',
  ]
}

/** All calls are opened before the first one has its arguments, and then their fragments take turns. */
function callChunks(calls: readonly ScriptedCall[]): string[] {
  const pieces = calls.map(({ input }) => JSON.stringify(input).match(/.{1,6}/gs) ?? [])
  const longest = Math.max(0, ...pieces.map((list) => list.length))
  const openings = calls.map(({ id, name }, index) =>
    chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
  )
  const fragments = Array.from({ length: longest }, (_, at) =>
    pieces.flatMap((list, index) =>
      list[at] === undefined ? [] : [chunk({ tool_calls: [{ index, function: { arguments: list[at] } }] })],
    ),
  )
  return [...openings, ...fragments.flat()]
}

function see(body: Json): Seen {
  const messages = records(body['messages'])
  const system = messages.filter(({ role }) => role === 'system' || role === 'developer')
  const parts = messages.filter(({ role }) => role === 'user').flatMap(({ content }) => records(content))
  const assistant = messages.findLast(({ role }) => role === 'assistant')
  const results = messages.filter(({ role }) => role === 'tool')
  return {
    ...nothingSeen,
    system: system.map(({ content }) => textIn(content)).join('\n'),
    images: parts
      .filter(({ type }) => type === 'image_url')
      .map((part) => mediumOf(String(member(part, 'image_url')['url']))),
    tools: records(body['tools']).map((tool) => {
      const { name, parameters } = member(tool, 'function')
      return { name: String(name), schema: parameters }
    }),
    forced: body['tool_choice'] === 'required' || typeof body['tool_choice'] === 'object',
    schema: member(body, 'response_format', 'json_schema')['schema'],
    reasoning: body['reasoning_effort'],
    turn: [
      ...(textIn(assistant?.['content']) === '' ? [] : ['text']),
      ...records(assistant?.['tool_calls']).map(() => 'tool-call'),
    ],
    calls: records(assistant?.['tool_calls']).map((call) => {
      const { name, arguments: input } = member(call, 'function')
      return { id: String(call['id']), name: String(name), input: JSON.parse(String(input)) as unknown }
    }),
    results: results.map((result) => ({ id: String(result['tool_call_id']), text: textIn(result['content']) })),
    // Every result is a message of its own.
    resultTurns: results.length > 0 ? 1 : 0,
  }
}
