// What the mock refuses because its wire would: each rule once, as the smallest change to a request that is taken.
import { describe, expect, it } from 'vitest'
import { send, type Json } from './support.ts'

async function statusOf(path: string, body: Json): Promise<number> {
  return (await send(`mock://mock${path}`, body)).status
}

/** A table of refusals: what is wrong, and the request. Each has to be refused with 400, and the base taken. */
function refuses(path: string, base: Json, table: readonly (readonly [string, Json])[]): void {
  it('takes the request that all of these are made from', async () => {
    const answer = await send(`mock://mock${path}`, base)
    expect(answer.status, answer.text).toBe(200)
  })
  it.each(table.map(([name, members]): [string, Json] => [name, { ...base, ...members }]))(
    'refuses %s',
    async (_name, body) => {
      expect(await statusOf(path, JSON.parse(JSON.stringify(body)) as Json)).toBe(400)
    },
  )
}

const object = { type: 'object', properties: {} }

describe('Chat', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }
  const user = { role: 'user', content: 'a' }
  const caller = { role: 'assistant', content: null, tool_calls: [call] }
  const result = { role: 'tool', tool_call_id: 'c1', content: 'r' }
  const tools = [{ type: 'function', function: { name: 'f', parameters: object } }]
  refuses('/v1/chat/completions', { model: 'm', messages: [user, caller, result], tools }, [
    ['no model', { model: undefined }],
    ['no messages', { messages: [] }],
    ['an unknown role', { messages: [{ role: 'model', content: 'a' }] }],
    ['a user who says nothing', { messages: [{ role: 'user', content: null }] }],
    ['a list of no parts', { messages: [{ role: 'user', content: [] }] }],
    ['a part of another wire', { messages: [{ role: 'user', content: [{ type: 'input_text', text: 'a' }] }] }],
    ['an image without a link', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }],
    ['an assistant who says nothing', { messages: [user, { role: 'assistant', content: null }] }],
    ['a result without an id', { messages: [user, caller, { role: 'tool', content: 'r' }] }],
    ['a result without its call', { messages: [user, result] }],
    ['a result of another call', { messages: [user, caller, { ...result, tool_call_id: 'c2' }] }],
    ['a call without its result', { messages: [user, caller, user] }],
    ['a call at the end', { messages: [user, caller] }],
    ['a call without an id', { messages: [user, { ...caller, tool_calls: [{ ...call, id: '' }] }] }],
    ['a call with a long id', { messages: [user, { ...caller, tool_calls: [{ ...call, id: 'c'.repeat(41) }] }] }],
    [
      'arguments that are no text',
      { messages: [user, { ...caller, tool_calls: [{ ...call, function: { name: 'f', arguments: {} } }] }, result] },
    ],
    [
      'a name of illegal characters',
      {
        messages: [user, { ...caller, tool_calls: [{ ...call, function: { name: 'a.b', arguments: '{}' } }] }, result],
      },
    ],
    ['no calls in a list', { messages: [user, { role: 'assistant', content: 'a', tool_calls: [] }] }],
    ['no tools in a list', { tools: [] }],
    ['a tool with an illegal name', { tools: [{ type: 'function', function: { name: 'a b' } }] }],
    ['a tool with a long name', { tools: [{ type: 'function', function: { name: 'f'.repeat(65) } }] }],
    [
      'parameters that are no object',
      { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'string' } } }] },
    ],
    ['a choice without tools', { tools: undefined, tool_choice: 'auto' }],
    ['parallel calls without tools', { tools: undefined, parallel_tool_calls: false }],
    ['the choice of another tool', { tool_choice: { type: 'function', function: { name: 'g' } } }],
    ['five stop sequences', { stop: ['1', '2', '3', '4', '5'] }],
    ['stream options without a stream', { stream_options: { include_usage: true } }],
    ['no tokens', { max_tokens: 0 }],
    ['a schema without a name', { response_format: { type: 'json_schema', json_schema: { schema: {} } } }],
  ])
})

describe('Messages', () => {
  const user = { role: 'user', content: 'a' }
  const call = { type: 'tool_use', id: 'c1', name: 'f', input: {} }
  const caller = { role: 'assistant', content: [call] }
  const result = { type: 'tool_result', tool_use_id: 'c1', content: 'r' }
  const answered = { role: 'user', content: [result, { type: 'text', text: 'and?' }] }
  const tools = [{ name: 'f', input_schema: object }]
  const withBlock = (block: Json): Json => ({ messages: [user, { role: 'assistant', content: [block] }, answered] })
  refuses('/v1/messages', { model: 'm', max_tokens: 10, messages: [user, caller, answered], tools }, [
    ['no limit', { max_tokens: undefined }],
    ['a limit of zero', { max_tokens: 0 }],
    ['no messages', { messages: [] }],
    ['an unknown role', { messages: [{ role: 'tool', content: 'a' }] }],
    ['an assistant who begins', { messages: [{ role: 'assistant', content: 'a' }, user] }],
    ['an empty text', { messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] }],
    ['a text of white space', { messages: [{ role: 'user', content: [{ type: 'text', text: ' \n' }] }] }],
    ['an empty message', { messages: [{ role: 'user', content: '' }] }],
    ['an empty system text', { system: [{ type: 'text', text: '' }] }],
    ['a prefill that ends in white space', { messages: [user, { role: 'assistant', content: 'a ' }] }],
    ['a block of another wire', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }],
    ['an illegal id', withBlock({ ...call, id: 'a.b' })],
    ['an illegal name', withBlock({ ...call, name: 'a.b' })],
    ['input that is no object', withBlock({ ...call, input: '{}' })],
    ['a call without its result', { messages: [user, caller, user] }],
    ['a result without its call', { messages: [user, { role: 'assistant', content: 'b' }, answered] }],
    [
      'a result behind text',
      { messages: [user, caller, { role: 'user', content: [{ type: 'text', text: 'x' }, result] }] },
    ],
    ['an id that is used twice', { messages: [user, caller, answered, caller, answered] }],
    [
      'unsigned thinking',
      { messages: [user, { role: 'assistant', content: [{ type: 'thinking', thinking: 'x' }, call] }, answered] },
    ],
    ['a tool without a schema', { tools: [{ name: 'f' }] }],
    ['a schema of another type', { tools: [{ name: 'f', input_schema: { type: 'string' } }] }],
    ['two tools of one name', { tools: [...tools, ...tools] }],
    ['a choice without tools', { messages: [user], tools: undefined, tool_choice: { type: 'auto' } }],
    ['the choice of another tool', { tool_choice: { type: 'tool', name: 'g' } }],
    ['a temperature above 1', { temperature: 1.5 }],
    ['a stop sequence of white space', { stop_sequences: ['\n'] }],
    ['a small budget', { thinking: { type: 'enabled', budget_tokens: 1000 }, max_tokens: 5000 }],
    ['a budget above the limit', { thinking: { type: 'enabled', budget_tokens: 2000 } }],
    [
      'a temperature beside thinking',
      { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 5000, temperature: 0 },
    ],
    [
      'a forced call beside thinking',
      { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 5000, tool_choice: { type: 'any' } },
    ],
    [
      'five cache breakpoints',
      {
        system: ['1', '2', '3', '4', '5'].map((text) => ({ type: 'text', text, cache_control: { type: 'ephemeral' } })),
      },
    ],
  ])

  it('reads messages of one role as one turn', async () => {
    const second = { ...call, id: 'c2' }
    const messages = [
      user,
      { role: 'assistant', content: [call, second] },
      { role: 'user', content: [result] },
      { role: 'user', content: [{ ...result, tool_use_id: 'c2' }] },
    ]
    expect(await statusOf('/v1/messages', { model: 'm', max_tokens: 1, messages, tools })).toBe(200)
  })
})

describe('Responses', () => {
  const user = { role: 'user', content: 'a' }
  const call = { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'f', arguments: '{}' }
  const output = { type: 'function_call_output', call_id: 'c1', output: 'r' }
  const tools = [{ type: 'function', name: 'f', parameters: object }]
  refuses('/v1/responses', { model: 'm', input: [user, call, output], tools }, [
    ['no input', { input: undefined }],
    ['an unknown role', { input: [{ role: 'tool', content: 'a' }] }],
    ['a part of another wire', { input: [{ role: 'user', content: [{ type: 'text', text: 'a' }] }] }],
    ['input of an assistant', { input: [{ role: 'assistant', content: [{ type: 'input_text', text: 'a' }] }] }],
    ['an item of another wire', { input: [{ type: 'tool_result', content: 'a' }] }],
    ['a call without its output', { input: [user, call] }],
    ['an output without its call', { input: [user, output] }],
    ['a call without an id', { input: [user, { ...call, call_id: '' }, output] }],
    ['a call with a long id', { input: [user, { ...call, call_id: 'c'.repeat(65) }] }],
    ["an item with another server's id", { input: [user, { ...call, id: 'toolu_1' }, output] }],
    ['arguments that are no text', { input: [user, { ...call, arguments: {} }, output] }],
    ['an illegal name', { input: [user, { ...call, name: 'a.b' }, output] }],
    ['an output that is no text', { input: [user, call, { ...output, output: {} }] }],
    ['reasoning that nothing follows', { input: [user, { type: 'reasoning', id: 'rs_1', summary: [] }] }],
    ['reasoning without a summary', { input: [{ type: 'reasoning' }, call, output] }],
    ['a tool of Chat', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['a tool without a name', { tools: [{ type: 'function' }] }],
    ['a schema of another type', { tools: [{ type: 'function', name: 'f', parameters: { type: 'string' } }] }],
    ['the choice of another tool', { tool_choice: { type: 'function', name: 'g' } }],
    ['a forced call without tools', { input: 'a', tools: undefined, tool_choice: 'required' }],
    ['fewer than 16 tokens', { max_output_tokens: 15 }],
    ['a parameter of Chat', { max_tokens: 20 }],
    ['a schema without a name', { text: { format: { type: 'json_schema', schema: {} } } }],
  ])

  it('finds the call of an output in what it has stored', async () => {
    const body = { model: 'm', previous_response_id: 'resp_1', input: [output] }
    expect(await statusOf('/v1/responses', body)).toBe(200)
  })
})

describe('Completions', () => {
  refuses('/v1/completions', { model: 'm', prompt: 'a' }, [
    ['no model', { model: undefined }],
    ['a prompt that is an object', { prompt: {} }],
    ['five stop sequences', { stop: ['1', '2', '3', '4', '5'] }],
    ['messages', { messages: [] }],
    ['tools', { tools: [] }],
    ['stream options without a stream', { stream_options: {} }],
    ['a negative limit', { max_tokens: -1 }],
  ])
})

describe('Embeddings', () => {
  refuses('/v1/embeddings', { model: 'm', input: 'a' }, [
    ['no input', { input: undefined }],
    ['an empty input', { input: '' }],
    ['an empty list', { input: [] }],
    ['an empty input in a list', { input: ['a', ''] }],
    ['inputs of several kinds', { input: ['a', 1] }],
    ['no dimensions', { dimensions: 0 }],
    ['another format', { encoding_format: 'int8' }],
    ["a member of Google's", { outputDimensionality: 3 }],
  ])
})

describe('Gemini', () => {
  const user = { role: 'user', parts: [{ text: 'a' }] }
  const caller = { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] }
  const response = { functionResponse: { name: 'f', response: { output: 'r' } } }
  const answered = { role: 'user', parts: [response] }
  const declared = (parameters: Json, more: Json = {}): Json => ({
    tools: [{ functionDeclarations: [{ name: 'f', parameters, ...more }] }],
  })
  const property = (schema: Json): Json => declared({ type: 'OBJECT', properties: { p: schema } })
  const calling = (config: Json): Json => ({ toolConfig: { functionCallingConfig: config } })
  const generation = (config: Json): Json => ({ generationConfig: config })
  refuses('/v1beta/models/m:generateContent', { contents: [user, caller, answered], ...declared({ type: 'object' }) }, [
    ['no contents', { contents: [] }],
    ['an unknown role', { contents: [{ role: 'assistant', parts: [{ text: 'a' }] }] }],
    ['a turn without parts', { contents: [{ role: 'user', parts: [] }] }],
    ['a part without data', { contents: [{ role: 'user', parts: [{ thought: true }] }] }],
    ['a part of another wire', { contents: [{ role: 'user', parts: [{ type: 'text', text: 'a' }] }] }],
    ['bytes without a type', { contents: [{ role: 'user', parts: [{ inlineData: { data: 'AA==' } }] }] }],
    ['a response without its call', { contents: [user, answered] }],
    ['a call without its response', { contents: [user, caller, user] }],
    [
      'fewer responses than calls',
      { contents: [user, { role: 'model', parts: [...caller.parts, ...caller.parts] }, answered] },
    ],
    [
      'a call behind a turn of the model',
      { contents: [user, { role: 'model', parts: [{ text: 'b' }] }, caller, answered] },
    ],
    [
      'the response of another function',
      { contents: [user, caller, { role: 'user', parts: [{ functionResponse: { name: 'g', response: {} } }] }] },
    ],
    [
      'a response that is no object',
      { contents: [user, caller, { role: 'user', parts: [{ functionResponse: { name: 'f', response: 'r' } }] }] },
    ],
    ['an unknown member', { messages: [] }],
    ['an illegal name', declared({ type: 'OBJECT' }, { name: 'a b' })],
    ['a name that begins with a digit', declared({ type: 'OBJECT' }, { name: '1a' })],
    ['a member of another wire on a function', declared({ type: 'OBJECT' }, { strict: true })],
    ['two schemas of one function', declared({ type: 'OBJECT' }, { parametersJsonSchema: {} })],
    ...[
      { additionalProperties: false },
      { $schema: 'x' },
      { $ref: '#/$defs/x' },
      { const: 1 },
      { exclusiveMinimum: 1 },
      { uniqueItems: true },
      { oneOf: [] },
      { allOf: [] },
      { propertyNames: {} },
      { type: ['string', 'null'] },
      { type: 'INTEGER', enum: [1] },
      { type: 'ARRAY' },
    ].map((schema): [string, Json] => [`the schema ${JSON.stringify(schema)}`, property(schema)]),
    ['names without a mode that takes them', calling({ mode: 'AUTO', allowedFunctionNames: ['f'] })],
    ['the choice of another function', calling({ mode: 'ANY', allowedFunctionNames: ['g'] })],
    ['an unknown mode', calling({ mode: 'REQUIRED' })],
    ['a schema without its media type', generation({ responseSchema: { type: 'OBJECT' } })],
    ['six stop sequences', generation({ stopSequences: ['1', '2', '3', '4', '5', '6'] })],
    ['a temperature above 2', generation({ temperature: 2.5 })],
  ])

  it.each<[string, Json]>([
    [
      'a property called like a keyword',
      property({ type: 'OBJECT', properties: { additionalProperties: { type: 'STRING' } } }),
    ],
    [
      'JSON Schema where that is asked for',
      { tools: [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: { const: 1 } }] }] },
    ],
    ['names of the other case', { system_instruction: { parts: [{ text: 's' }] }, generation_config: { top_k: 1 } }],
    [
      'an empty text that is signed',
      { contents: [user, { role: 'model', parts: [{ text: '', thoughtSignature: 'x' }] }, user] },
    ],
  ])('takes %s', async (_name, members) => {
    expect(await statusOf('/v1beta/models/m:generateContent', { contents: [user], ...members })).toBe(200)
  })
})

describe('Converse', () => {
  const user = { role: 'user', content: [{ text: 'a' }] }
  const toolUse = { toolUseId: 'c1', name: 'f', input: {} }
  const caller = { role: 'assistant', content: [{ toolUse }] }
  const toolResult = { toolUseId: 'c1', content: [{ text: '' }] }
  const answered = { role: 'user', content: [{ toolResult }, { text: 'and?' }] }
  const spec = { name: 'f', inputSchema: { json: object } }
  const toolConfig = { tools: [{ toolSpec: spec }] }
  const withCall = (members: Json): Json => ({
    messages: [user, { role: 'assistant', content: [{ toolUse: { ...toolUse, ...members } }] }, answered],
  })
  refuses('/model/m/converse', { messages: [user, caller, answered], toolConfig }, [
    ['no messages', { messages: [] }],
    ['an unknown role', { messages: [{ role: 'tool', content: [{ text: 'a' }] }] }],
    ['an assistant who begins', { messages: [{ role: 'assistant', content: [{ text: 'a' }] }] }],
    ['two turns of one role', { messages: [user, user] }],
    ['an empty turn', { messages: [{ role: 'user', content: [] }] }],
    ['an empty text', { messages: [{ role: 'user', content: [{ text: '' }] }] }],
    ['a text of white space', { messages: [{ role: 'user', content: [{ text: ' ' }] }] }],
    ['an empty system text', { system: [{ text: '' }] }],
    ['a block of another wire', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }] }] }],
    ['an illegal id', withCall({ toolUseId: 'a b' })],
    ['a long id', withCall({ toolUseId: 'c'.repeat(65) })],
    ['an illegal name', withCall({ name: 'a.b' })],
    ['input that is no object', withCall({ input: '{}' })],
    ['a call without its result', { messages: [user, caller, user] }],
    ['a call at the end', { messages: [user, caller] }],
    ['a result without its call', { messages: [user, { role: 'assistant', content: [{ text: 'b' }] }, answered] }],
    [
      'an error without content',
      {
        messages: [
          user,
          caller,
          { role: 'user', content: [{ toolResult: { toolUseId: 'c1', content: [], status: 'error' } }] },
        ],
      },
    ],
    ['calls without tools', { toolConfig: undefined }],
    ['no tools in a list', { toolConfig: { tools: [] } }],
    ['a tool with an illegal name', { toolConfig: { tools: [{ toolSpec: { ...spec, name: 'a.b' } }] } }],
    ['a tool with an empty description', { toolConfig: { tools: [{ toolSpec: { ...spec, description: '' } }] } }],
    ['a schema of another type', { toolConfig: { tools: [{ toolSpec: { ...spec, inputSchema: { json: {} } } }] } }],
    ['the choice of another tool', { toolConfig: { ...toolConfig, toolChoice: { tool: { name: 'g' } } } }],
    [
      'unsigned thinking',
      {
        messages: [
          user,
          { role: 'assistant', content: [{ reasoningContent: { reasoningText: { text: 'x' } } }, { toolUse }] },
          answered,
        ],
      },
    ],
    [
      'a document without a name',
      { messages: [{ role: 'user', content: [{ document: { format: 'txt', source: { text: 'a' } } }] }] },
    ],
    ['a temperature above 1', { inferenceConfig: { temperature: 1.5 } }],
    ['no tokens', { inferenceConfig: { maxTokens: 0 } }],
    ['the model in the body', { model: 'm' }],
  ])
})

describe('a refusal of the mock', () => {
  it.each<[string, string, Json, RegExp]>([
    ['Chat', '/v1/chat/completions', { model: 'm' }, /^\{"error":\{"message":.+"type":"invalid_request_error"/],
    ['Messages', '/v1/messages', { model: 'm' }, /^\{"type":"error","error":\{"type":"invalid_request_error"/],
    ['Gemini', '/v1beta/models/m:generateContent', {}, /^\{"error":\{"code":400,.+"status":"INVALID_ARGUMENT"/],
    ['Converse', '/model/m/converse', {}, /^\{"message":"/],
  ])('has the shape of %s', async (_name, path, body, shape) => {
    const answer = await send(`mock://mock${path}`, body)
    expect(answer.status).toBe(400)
    expect(answer.text).toMatch(shape)
  })
})
