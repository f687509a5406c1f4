// What a request may hold, feature by feature, in the words of every wire that has it. Written from the wires'
// documentation; judges nothing. A member that is a list or an object is laid over the plain request of its wire.

type Body = Readonly<Record<string, unknown>>

/** The wires that clients speak and that models answer on. */
export type IngressId = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'gemini'

export interface RequestFeature {
  readonly name: string
  readonly on: Readonly<Partial<Record<IngressId, Body>>>
}

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII='
const pdf = 'JVBERi0xLjQKJcOkw7zDtsOfCg=='
const letter = 'ZGVhciBhbGw='
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEA'
const link = 'https://images.example.com/cat.png'

/** A request that asks for nothing in particular. */
export const plain: Readonly<Record<IngressId, Body>> = {
  'openai-chat': { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
  'openai-responses': { model: 'm', input: [{ role: 'user', content: 'hi' }] },
  'anthropic-messages': { model: 'm', max_tokens: 64, messages: [{ role: 'user', content: 'hi' }] },
  gemini: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
}

const schema = {
  type: 'object',
  properties: { city: { type: 'string', description: 'a city' } },
  required: ['city'],
  additionalProperties: false,
}
const narrowSchema = {
  type: 'object',
  properties: { count: { type: 'integer', exclusiveMinimum: 0, multipleOf: 2 }, tag: { const: 'x' } },
  required: ['count'],
}

const chatTool = (parameters: Body, more: Body = {}): Body => ({
  type: 'function',
  function: { name: 'look_up', description: 'looks up', parameters, ...more },
})
const responsesTool = (parameters: Body, more: Body = {}): Body => ({
  type: 'function',
  name: 'look_up',
  description: 'looks up',
  parameters,
  ...more,
})
const messagesTool = (input: Body, more: Body = {}): Body => ({
  name: 'look_up',
  description: 'looks up',
  input_schema: input,
  ...more,
})
const geminiTools = (parameters: Body): Body => ({
  tools: [{ functionDeclarations: [{ name: 'look_up', description: 'looks up', parametersJsonSchema: parameters }] }],
})

const tools = {
  'openai-chat': { tools: [chatTool(schema)] },
  'openai-responses': { tools: [responsesTool(schema)] },
  'anthropic-messages': { tools: [messagesTool(schema)] },
  gemini: geminiTools(schema),
} as const

/** One call of the tool and its answer, around which a feature varies the answer. */
function toolTurn(result: {
  readonly chat: unknown
  readonly responses: unknown
  readonly messages: Body
  readonly gemini: Body
}): RequestFeature['on'] {
  return {
    'openai-chat': {
      ...tools['openai-chat'],
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{"city":"Rome"}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: result.chat },
      ],
    },
    'openai-responses': {
      ...tools['openai-responses'],
      input: [
        { role: 'user', content: 'hi' },
        { type: 'function_call', call_id: 'call_1', name: 'look_up', arguments: '{"city":"Rome"}' },
        { type: 'function_call_output', call_id: 'call_1', output: result.responses },
      ],
    },
    'anthropic-messages': {
      ...tools['anthropic-messages'],
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'look_up', input: { city: 'Rome' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', ...result.messages }] },
      ],
    },
    gemini: {
      ...tools.gemini,
      contents: [
        { role: 'user', parts: [{ text: 'hi' }] },
        {
          role: 'model',
          parts: [{ functionCall: { id: 'c1', name: 'look_up', args: { city: 'Rome' } } }],
        },
        { role: 'user', parts: [{ functionResponse: { id: 'c1', name: 'look_up', ...result.gemini } }] },
      ],
    },
  }
}

const chatContent = (part: Body): Body => ({
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }, part] }],
})
const responsesContent = (part: Body): Body => ({
  input: [{ role: 'user', content: [{ type: 'input_text', text: 'hi' }, part] }],
})
const messagesContent = (part: Body): Body => ({
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }, part] }],
})
const geminiContent = (part: Body): Body => ({ contents: [{ role: 'user', parts: [{ text: 'hi' }, part] }] })

/** In the order in which the table shows them. */
export const requestFeatures: readonly RequestFeature[] = [
  {
    name: 'text',
    on: { 'openai-chat': {}, 'openai-responses': {}, 'anthropic-messages': {}, gemini: {} },
  },
  {
    name: 'system prompt',
    on: {
      'openai-chat': {
        messages: [
          { role: 'system', content: 'be brief' },
          { role: 'user', content: 'hi' },
        ],
      },
      'openai-responses': { instructions: 'be brief' },
      'anthropic-messages': { system: 'be brief' },
      gemini: { systemInstruction: { parts: [{ text: 'be brief' }] } },
    },
  },
  {
    name: 'system text in the middle',
    on: {
      'openai-chat': {
        messages: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'hello' },
          { role: 'system', content: 'be brief' },
          { role: 'user', content: 'go on' },
        ],
      },
      'openai-responses': {
        input: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'hello' },
          { role: 'developer', content: 'be brief' },
          { role: 'user', content: 'go on' },
        ],
      },
      'anthropic-messages': {
        messages: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'hello' },
          { role: 'system', content: 'be brief' },
          { role: 'user', content: 'go on' },
        ],
      },
    },
  },
  {
    name: 'image, inline',
    on: {
      'openai-chat': chatContent({ type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } }),
      'openai-responses': responsesContent({
        type: 'input_image',
        detail: 'auto',
        image_url: `data:image/png;base64,${pixel}`,
      }),
      'anthropic-messages': messagesContent({
        type: 'image',
        source: { type: 'base64', media_type: 'image/png', data: pixel },
      }),
      gemini: geminiContent({ inlineData: { mimeType: 'image/png', data: pixel } }),
    },
  },
  {
    name: 'image, by link',
    on: {
      'openai-chat': chatContent({ type: 'image_url', image_url: { url: link } }),
      'openai-responses': responsesContent({ type: 'input_image', detail: 'auto', image_url: link }),
      'anthropic-messages': messagesContent({ type: 'image', source: { type: 'url', url: link } }),
      gemini: geminiContent({ fileData: { mimeType: 'image/png', fileUri: link } }),
    },
  },
  {
    name: 'PDF, inline',
    on: {
      'openai-chat': chatContent({
        type: 'file',
        file: { file_data: `data:application/pdf;base64,${pdf}` },
      }),
      'openai-responses': responsesContent({
        type: 'input_file',
        file_data: `data:application/pdf;base64,${pdf}`,
      }),
      'anthropic-messages': messagesContent({
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: pdf },
      }),
      gemini: geminiContent({ inlineData: { mimeType: 'application/pdf', data: pdf } }),
    },
  },
  {
    name: 'PDF with its name',
    on: {
      'openai-chat': chatContent({
        type: 'file',
        file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` },
      }),
      'openai-responses': responsesContent({
        type: 'input_file',
        filename: 'a.pdf',
        file_data: `data:application/pdf;base64,${pdf}`,
      }),
      'anthropic-messages': messagesContent({
        type: 'document',
        title: 'a.pdf',
        source: { type: 'base64', media_type: 'application/pdf', data: pdf },
      }),
      gemini: geminiContent({ inlineData: { mimeType: 'application/pdf', data: pdf, displayName: 'a.pdf' } }),
    },
  },
  {
    name: 'text document, inline',
    on: {
      'openai-chat': chatContent({ type: 'file', file: { file_data: `data:text/plain;base64,${letter}` } }),
      'openai-responses': responsesContent({ type: 'input_file', file_data: `data:text/plain;base64,${letter}` }),
      'anthropic-messages': messagesContent({
        type: 'document',
        source: { type: 'text', media_type: 'text/plain', data: 'dear all' },
      }),
      gemini: geminiContent({ inlineData: { mimeType: 'text/plain', data: letter } }),
    },
  },
  {
    name: 'audio',
    on: {
      'openai-chat': chatContent({ type: 'input_audio', input_audio: { data: wav, format: 'wav' } }),
      gemini: geminiContent({ inlineData: { mimeType: 'audio/wav', data: wav } }),
    },
  },
  {
    name: 'file by id',
    on: {
      'openai-chat': chatContent({ type: 'file', file: { file_id: 'file-1' } }),
      'openai-responses': responsesContent({ type: 'input_file', file_id: 'file-1' }),
      'anthropic-messages': messagesContent({ type: 'document', source: { type: 'file', file_id: 'file_1' } }),
    },
  },
  { name: 'function tools', on: tools },
  {
    name: 'strict tools',
    on: {
      'openai-chat': { tools: [chatTool(schema, { strict: true })] },
      'openai-responses': { tools: [responsesTool(schema, { strict: true })] },
      'anthropic-messages': { tools: [messagesTool(schema, { strict: true })] },
    },
  },
  {
    name: 'schema keywords beyond the basics',
    on: {
      'openai-chat': { tools: [chatTool(narrowSchema)] },
      'openai-responses': { tools: [responsesTool(narrowSchema)] },
      'anthropic-messages': { tools: [messagesTool(narrowSchema)] },
    },
  },
  {
    name: 'custom (free text) tools',
    on: {
      'openai-chat': { tools: [{ type: 'custom', custom: { name: 'shell', description: 'runs' } }] },
      'openai-responses': { tools: [{ type: 'custom', name: 'shell', description: 'runs' }] },
    },
  },
  {
    name: 'web search of the provider',
    on: {
      'openai-responses': { tools: [{ type: 'web_search' }] },
      'anthropic-messages': { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      gemini: { tools: [{ googleSearch: {} }] },
    },
  },
  {
    name: 'tool choice: none',
    on: {
      'openai-chat': { ...tools['openai-chat'], tool_choice: 'none' },
      'openai-responses': { ...tools['openai-responses'], tool_choice: 'none' },
      'anthropic-messages': { ...tools['anthropic-messages'], tool_choice: { type: 'none' } },
      gemini: { ...tools.gemini, toolConfig: { functionCallingConfig: { mode: 'NONE' } } },
    },
  },
  {
    name: 'tool choice: any',
    on: {
      'openai-chat': { ...tools['openai-chat'], tool_choice: 'required' },
      'openai-responses': { ...tools['openai-responses'], tool_choice: 'required' },
      'anthropic-messages': { ...tools['anthropic-messages'], tool_choice: { type: 'any' } },
      gemini: { ...tools.gemini, toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
    },
  },
  {
    name: 'tool choice: this one',
    on: {
      'openai-chat': { ...tools['openai-chat'], tool_choice: { type: 'function', function: { name: 'look_up' } } },
      'openai-responses': { ...tools['openai-responses'], tool_choice: { type: 'function', name: 'look_up' } },
      'anthropic-messages': { ...tools['anthropic-messages'], tool_choice: { type: 'tool', name: 'look_up' } },
      gemini: {
        ...tools.gemini,
        toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look_up'] } },
      },
    },
  },
  {
    name: 'one tool call at a time',
    on: {
      'openai-chat': { ...tools['openai-chat'], parallel_tool_calls: false },
      'openai-responses': { ...tools['openai-responses'], parallel_tool_calls: false },
      'anthropic-messages': {
        ...tools['anthropic-messages'],
        tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      },
    },
  },
  {
    name: 'tool result: text',
    on: toolTurn({
      chat: 'sunny',
      responses: 'sunny',
      messages: { content: 'sunny' },
      gemini: { response: { output: 'sunny' } },
    }),
  },
  {
    name: 'tool result: image',
    on: {
      'openai-responses': toolTurn({
        chat: '',
        responses: [{ type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${pixel}` }],
        messages: {},
        gemini: {},
      })['openai-responses'] as Body,
      'anthropic-messages': toolTurn({
        chat: '',
        responses: '',
        messages: { content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } }] },
        gemini: {},
      })['anthropic-messages'] as Body,
    },
  },
  {
    name: 'tool result: failed',
    on: {
      'anthropic-messages': toolTurn({
        chat: '',
        responses: '',
        messages: { content: 'no such city', is_error: true },
        gemini: {},
      })['anthropic-messages'] as Body,
      gemini: toolTurn({ chat: '', responses: '', messages: {}, gemini: { response: { error: 'no such city' } } })
        .gemini as Body,
    },
  },
  {
    name: 'output limit',
    on: {
      'openai-chat': { max_completion_tokens: 50 },
      'openai-responses': { max_output_tokens: 50 },
      'anthropic-messages': { max_tokens: 50 },
      gemini: { generationConfig: { maxOutputTokens: 50 } },
    },
  },
  {
    name: 'temperature',
    on: {
      'openai-chat': { temperature: 0.5 },
      'openai-responses': { temperature: 0.5 },
      'anthropic-messages': { temperature: 0.5 },
      gemini: { generationConfig: { temperature: 0.5 } },
    },
  },
  {
    name: 'top-p',
    on: {
      'openai-chat': { top_p: 0.5 },
      'openai-responses': { top_p: 0.5 },
      'anthropic-messages': { top_p: 0.5 },
      gemini: { generationConfig: { topP: 0.5 } },
    },
  },
  {
    name: 'top-k',
    on: { 'anthropic-messages': { top_k: 40 }, gemini: { generationConfig: { topK: 40 } } },
  },
  {
    name: 'stop sequences',
    on: {
      'openai-chat': { stop: ['END'] },
      'anthropic-messages': { stop_sequences: ['END'] },
      gemini: { generationConfig: { stopSequences: ['END'] } },
    },
  },
  { name: 'seed', on: { 'openai-chat': { seed: 7 }, gemini: { generationConfig: { seed: 7 } } } },
  {
    name: 'penalties',
    on: {
      'openai-chat': { frequency_penalty: 0.5, presence_penalty: 0.5 },
      gemini: { generationConfig: { frequencyPenalty: 0.5, presencePenalty: 0.5 } },
    },
  },
  {
    name: 'reasoning, as an effort',
    on: {
      'openai-chat': { reasoning_effort: 'high' },
      'openai-responses': { reasoning: { effort: 'high' } },
      gemini: { generationConfig: { thinkingConfig: { thinkingLevel: 'HIGH' } } },
    },
  },
  {
    name: 'reasoning, as a budget',
    on: {
      'anthropic-messages': { max_tokens: 8000, thinking: { type: 'enabled', budget_tokens: 4096 } },
      gemini: { generationConfig: { thinkingConfig: { thinkingBudget: 4096 } } },
    },
  },
  {
    name: 'reasoning off',
    on: {
      'openai-chat': { reasoning_effort: 'none' },
      'openai-responses': { reasoning: { effort: 'none' } },
      'anthropic-messages': { thinking: { type: 'disabled' } },
      gemini: { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } },
    },
  },
  {
    name: 'output: JSON schema',
    on: {
      'openai-chat': {
        response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } },
      },
      'openai-responses': { text: { format: { type: 'json_schema', name: 'place', schema, strict: true } } },
      'anthropic-messages': { output_config: { format: { type: 'json_schema', schema } } },
      gemini: { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema } },
    },
  },
  {
    name: 'output: any JSON',
    on: {
      'openai-chat': { response_format: { type: 'json_object' } },
      'openai-responses': { text: { format: { type: 'json_object' } } },
      gemini: { generationConfig: { responseMimeType: 'application/json' } },
    },
  },
  {
    name: 'cache breakpoint',
    on: {
      'anthropic-messages': {
        system: [{ type: 'text', text: 'be brief', cache_control: { type: 'ephemeral' } }],
      },
    },
  },
  {
    name: 'several answers',
    on: { 'openai-chat': { n: 2 }, gemini: { generationConfig: { candidateCount: 2 } } },
  },
  {
    name: 'log probabilities',
    on: {
      'openai-chat': { logprobs: true, top_logprobs: 2 },
      'openai-responses': { top_logprobs: 2, include: ['message.output_text.logprobs'] },
      gemini: { generationConfig: { responseLogprobs: true, logprobs: 2 } },
    },
  },
  {
    name: 'end user id',
    on: {
      'openai-chat': { user: 'u1' },
      'openai-responses': { user: 'u1' },
      'anthropic-messages': { metadata: { user_id: 'u1' } },
    },
  },
  {
    name: 'metadata',
    on: {
      'openai-chat': { metadata: { run: '7' } },
      'openai-responses': { metadata: { run: '7' } },
      gemini: { labels: { run: '7' } },
    },
  },
  {
    name: 'state kept by the provider',
    on: {
      'openai-responses': { previous_response_id: 'resp_1' },
      gemini: { cachedContent: 'cachedContents/abc' },
    },
  },
]
