// Clients and providers of every wire, as far as a session with one tool needs them: what they send, keep and send back.
import type { GenerativeId } from '../../../src/dialects/index.ts'
import type { Origin } from '../../../src/engine/state/realm.ts'
import { bedrock, claude, gemini, responses } from './support.ts'

export type Json = Record<string, unknown>

/** A client: how it asks, and how it goes on after an answer that calls a tool. */
export interface ClientWire {
  readonly dialect: GenerativeId
  readonly path: string
  readonly first: Json
  /** The request after an answer: the history with what the client keeps of it, and the tool's result. */
  next(body: Json, answer: Json): Json
  /** The same for clients that keep what their wire's specification has and nothing else. */
  readonly nextOfStrict?: (body: Json, answer: Json) => Json
}

export function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : []
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

const schema = { type: 'object', properties: { in: { type: 'string' } } }
const asked = 'what is the weather?'
const found = '21 degrees'

const anthropicClient: ClientWire = {
  dialect: 'anthropic-messages',
  path: '/v1/messages',
  first: {
    model: 'm',
    max_tokens: 8000,
    thinking: { type: 'enabled', budget_tokens: 4096 },
    messages: [{ role: 'user', content: asked }],
    tools: [{ name: 'weather', input_schema: schema }],
  },
  next(body, answer) {
    const content = list(answer['content'])
    const results = content
      .filter((block) => block['type'] === 'tool_use')
      .map((block) => ({ type: 'tool_result', tool_use_id: block['id'], content: found }))
    return {
      ...body,
      messages: [...list(body['messages']), { role: 'assistant', content }, { role: 'user', content: results }],
    }
  },
}

function chatHistory(body: Json, message: Json): Json {
  const results = list(message['tool_calls']).map((call) => ({
    role: 'tool',
    tool_call_id: call['id'],
    content: found,
  }))
  return { ...body, messages: [...list(body['messages']), message, ...results] }
}

function chatMessage(answer: Json): Json {
  return record(list(answer['choices'])[0]?.['message'])
}

const chatClient: ClientWire = {
  dialect: 'openai-chat',
  path: '/v1/chat/completions',
  first: {
    model: 'm',
    reasoning_effort: 'low',
    messages: [{ role: 'user', content: asked }],
    tools: [{ type: 'function', function: { name: 'weather', parameters: schema } }],
  },
  next: (body, answer) => chatHistory(body, chatMessage(answer)),
  nextOfStrict(body, answer) {
    const { role, content, tool_calls: calls } = chatMessage(answer)
    const kept = list(calls).map((call) => ({ id: call['id'], type: call['type'], function: call['function'] }))
    return chatHistory(body, { role, content, tool_calls: kept })
  },
}

const responsesClient: ClientWire = {
  dialect: 'openai-responses',
  path: '/v1/responses',
  first: {
    model: 'm',
    store: false,
    include: ['reasoning.encrypted_content'],
    reasoning: { effort: 'low' },
    input: [{ role: 'user', content: asked }],
    tools: [{ type: 'function', name: 'weather', parameters: schema, strict: false }],
  },
  next(body, answer) {
    const output = list(answer['output'])
    const results = output
      .filter((item) => item['type'] === 'function_call')
      .map((item) => ({ type: 'function_call_output', call_id: item['call_id'], output: found }))
    return { ...body, input: [...list(body['input']), ...output, ...results] }
  },
}

function geminiHistory(body: Json, parts: Json[]): Json {
  const results = parts
    .filter((part) => 'functionCall' in part)
    .map((part) => {
      const { id, name } = record(part['functionCall'])
      return { functionResponse: { ...(id !== undefined && { id }), name, response: { result: found } } }
    })
  return {
    ...body,
    contents: [...list(body['contents']), { role: 'model', parts }, { role: 'user', parts: results }],
  }
}

function geminiParts(answer: Json): Json[] {
  return list(record(list(answer['candidates'])[0]?.['content'])['parts'])
}

const geminiClient: ClientWire = {
  dialect: 'gemini',
  path: '/v1beta/models/m:generateContent',
  first: {
    contents: [{ role: 'user', parts: [{ text: asked }] }],
    tools: [
      {
        functionDeclarations: [
          { name: 'weather', parameters: { type: 'OBJECT', properties: { in: { type: 'STRING' } } } },
        ],
      },
    ],
    generationConfig: { maxOutputTokens: 8000, thinkingConfig: { includeThoughts: true, thinkingBudget: 4096 } },
  },
  next: (body, answer) => geminiHistory(body, geminiParts(answer)),
  // Gemini CLI takes the thoughts out of its history.
  nextOfStrict: (body, answer) =>
    geminiHistory(
      body,
      geminiParts(answer).filter((part) => part['thought'] !== true),
    ),
}

const bedrockClient: ClientWire = {
  dialect: 'bedrock-converse',
  path: '/model/m/converse',
  first: {
    messages: [{ role: 'user', content: [{ text: asked }] }],
    toolConfig: { tools: [{ toolSpec: { name: 'weather', inputSchema: { json: schema } } }] },
    inferenceConfig: { maxTokens: 8000 },
    additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 4096 } },
  },
  next(body, answer) {
    const message = record(record(answer['output'])['message'])
    const results = list(message['content'])
      .filter((block) => 'toolUse' in block)
      .map((block) => ({
        toolResult: { toolUseId: record(block['toolUse'])['toolUseId'], content: [{ text: found }], status: 'success' },
      }))
    return { ...body, messages: [...list(body['messages']), message, { role: 'user', content: results }] }
  },
}

export const clients: readonly ClientWire[] = [
  anthropicClient,
  chatClient,
  responsesClient,
  geminiClient,
  bedrockClient,
]

/** The client of a wire. */
export function clientOf(dialect: GenerativeId): ClientWire {
  const client = clients.find((one) => one.dialect === dialect)
  if (client === undefined) throw new Error(`no client of ${dialect}`)
  return client
}

/** A provider: what it answers, and which of its tokens it finds in a request, in order and in their places. */
export interface ProviderWire {
  readonly name: string
  readonly origin: Origin
  readonly answer: Json
  readonly tokens: readonly string[]
  tokensIn(body: Json): unknown[]
}

const usage = { input_tokens: 10, output_tokens: 20 }
const input = { in: 'Paris' }

export function anthropicAnswer(content: readonly Json[]): Json {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: claude.model,
    content,
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage,
  }
}

const anthropicCall = { type: 'tool_use', id: 'toolu_01A09q90qw90lq917835lq9', name: 'weather', input }

function anthropicTokens(body: Json): unknown[] {
  return list(body['messages']).flatMap((message) =>
    list(message['content']).flatMap((block) => {
      if (block['type'] === 'thinking') return [`${String(block['thinking'])}/${String(block['signature'])}`]
      return block['type'] === 'redacted_thinking' ? [block['data']] : []
    }),
  )
}

export const providers: readonly ProviderWire[] = [
  {
    name: 'Anthropic',
    origin: claude,
    answer: anthropicAnswer([
      { type: 'thinking', thinking: 'hmm', signature: 'sig-anthropic' },
      { type: 'text', text: 'let me look' },
      anthropicCall,
    ]),
    tokens: ['hmm/sig-anthropic'],
    tokensIn: anthropicTokens,
  },
  {
    name: 'Anthropic, redacted',
    origin: claude,
    answer: anthropicAnswer([{ type: 'redacted_thinking', data: 'blob-anthropic' }, anthropicCall]),
    tokens: ['blob-anthropic'],
    tokensIn: anthropicTokens,
  },
  {
    name: 'Gemini',
    origin: gemini,
    answer: {
      candidates: [
        {
          content: {
            role: 'model',
            parts: [
              { text: 'hmm', thought: true },
              { functionCall: { name: 'weather', args: input }, thoughtSignature: 'c2lnLWdlbWluaQ==' },
              { functionCall: { name: 'weather', args: { in: 'Rome' } } },
            ],
          },
          finishReason: 'STOP',
          index: 0,
        },
      ],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 20, totalTokenCount: 30 },
      modelVersion: gemini.model,
      responseId: 'r-1',
    },
    tokens: ['weather/c2lnLWdlbWluaQ==', 'weather/undefined'],
    tokensIn: (body) =>
      list(body['contents']).flatMap((content) =>
        list(content['parts']).flatMap((part) =>
          'functionCall' in part
            ? [`${String(record(part['functionCall'])['name'])}/${String(part['thoughtSignature'])}`]
            : [],
        ),
      ),
  },
  {
    name: 'Responses',
    origin: responses,
    answer: {
      id: 'resp_1',
      object: 'response',
      created_at: 1_790_000_000,
      status: 'completed',
      model: responses.model,
      output: [
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'hmm' }],
          encrypted_content: 'gAAAAsig-responses',
        },
        {
          type: 'function_call',
          id: 'fc_1',
          call_id: 'call_A1b2C3d4E5f6G7h8I9j0K1l2',
          name: 'weather',
          arguments: '{"in":"Paris"}',
          status: 'completed',
        },
      ],
      usage: {
        input_tokens: 10,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 20,
        output_tokens_details: { reasoning_tokens: 5 },
        total_tokens: 30,
      },
    },
    tokens: ['gAAAAsig-responses'],
    tokensIn: (body) =>
      list(body['input']).flatMap((item) => (item['type'] === 'reasoning' ? [item['encrypted_content']] : [])),
  },
  {
    name: 'Claude on Bedrock',
    origin: bedrock,
    answer: {
      output: {
        message: {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'hmm', signature: 'sig-bedrock' } } },
            { text: 'let me look' },
            { toolUse: { toolUseId: 'tooluse_kZJMlvQmRJ6eAyJE5GIl7Q', name: 'weather', input } },
          ],
        },
      },
      stopReason: 'tool_use',
      usage: { inputTokens: 10, outputTokens: 20, totalTokens: 30 },
      metrics: { latencyMs: 1 },
    },
    tokens: ['hmm/sig-bedrock'],
    tokensIn: (body) =>
      list(body['messages']).flatMap((message) =>
        list(message['content']).flatMap((block) => {
          const said = record(record(block['reasoningContent'])['reasoningText'])
          return 'reasoningContent' in block ? [`${String(said['text'])}/${String(said['signature'])}`] : []
        }),
      ),
  },
]

/** The provider of this name. */
export function providerOf(name: string): ProviderWire {
  const provider = providers.find((one) => one.name === name)
  if (provider === undefined) throw new Error(`no provider ${name}`)
  return provider
}
