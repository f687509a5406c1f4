// One question in the words of every client wire, for runtimes that have to serve all of them. Owns the spelling; asserts nothing.
import type { GenerativeId } from '../../src/dialects/index.ts'

type Json = Record<string, unknown>

export interface ClientWire {
  readonly id: GenerativeId
  path(model: string, streamed: boolean): string
  body(model: string, text: string, streamed: boolean): Json
  /** The same with a tool on offer and, once there is one, the turn that called it and its result. */
  withTool(model: string, text: string, called?: Json): Json
}

const schema = { type: 'object', properties: { city: { type: 'string' } } }

/** The wires that clients speak, each with its own path. */
export const clientWires: readonly ClientWire[] = [
  {
    id: 'openai-chat',
    path: () => '/v1/chat/completions',
    body: (model, text, stream) => ({ model, stream, messages: [{ role: 'user', content: text }] }),
    withTool(model, text, called) {
      const [choice] = (called?.['choices'] ?? []) as { message: Json & { tool_calls: Json[] } }[]
      // As most clients do it: what they do not know of a message does not come back.
      const { role, content, tool_calls: told } = choice?.message ?? { tool_calls: [] }
      const calls = told.map((call) => ({ id: call['id'], type: call['type'], function: call['function'] }))
      const turn = [
        { role, content, tool_calls: calls },
        { role: 'tool', tool_call_id: calls[0]?.id, content: 'sunny' },
      ]
      return {
        model,
        messages: [{ role: 'user', content: text }, ...(called === undefined ? [] : turn)],
        reasoning_effort: 'low',
        tools: [{ type: 'function', function: { name: 'look_up', parameters: schema } }],
      }
    },
  },
  {
    id: 'openai-responses',
    path: () => '/v1/responses',
    body: (model, text, stream) => ({ model, stream, input: text }),
    withTool(model, text, called) {
      const output = (called?.['output'] ?? []) as Json[]
      const call = output.find((item) => item['type'] === 'function_call')
      const turn = [...output, { type: 'function_call_output', call_id: call?.['call_id'], output: 'sunny' }]
      return {
        model,
        store: false,
        include: ['reasoning.encrypted_content'],
        reasoning: { effort: 'low' },
        input: [{ role: 'user', content: text }, ...(called === undefined ? [] : turn)],
        tools: [{ type: 'function', name: 'look_up', parameters: schema }],
      }
    },
  },
  {
    id: 'anthropic-messages',
    path: () => '/v1/messages',
    body: (model, text, stream) => ({ model, stream, max_tokens: 8000, messages: [{ role: 'user', content: text }] }),
    withTool(model, text, called) {
      const content = (called?.['content'] ?? []) as Json[]
      const call = content.find((block) => block['type'] === 'tool_use')
      const result = { type: 'tool_result', tool_use_id: call?.['id'], content: 'sunny' }
      const turn = [
        { role: 'assistant', content },
        { role: 'user', content: [result] },
      ]
      return {
        model,
        max_tokens: 8000,
        thinking: { type: 'enabled', budget_tokens: 4096 },
        messages: [{ role: 'user', content: text }, ...(called === undefined ? [] : turn)],
        tools: [{ name: 'look_up', input_schema: schema }],
      }
    },
  },
  {
    id: 'gemini',
    path: (model, streamed) =>
      `/v1beta/models/${model}:${streamed ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: (_model, text) => ({ contents: [{ role: 'user', parts: [{ text }] }] }),
    withTool(_model, text, called) {
      const [candidate] = (called?.['candidates'] ?? []) as { content: { parts: { functionCall?: Json }[] } }[]
      const call = candidate?.content.parts.find((part) => part.functionCall !== undefined)?.functionCall
      const response = { functionResponse: { id: call?.['id'], name: 'look_up', response: { output: 'sunny' } } }
      const turn = [candidate?.content, { role: 'user', parts: [response] }]
      return {
        contents: [{ role: 'user', parts: [{ text }] }, ...(called === undefined ? [] : turn)],
        generationConfig: { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } },
        tools: [{ functionDeclarations: [{ name: 'look_up', parametersJsonSchema: schema }] }],
      }
    },
  },
]

/** The formats that a mock may be told to speak. */
export const upstreamFormats = [
  'openai_chat',
  'openai_responses',
  'anthropic_messages',
  'gemini',
  'bedrock_converse',
] as const
