// A request of this wire as the canonical one: what every block, parameter and tool means.
import { describe, expect, it } from 'vitest'
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import { bodyWith, decode, errorOf, wireRequest, type Json } from './support.ts'

function parts(...content: unknown[]): readonly ContentPart[] {
  return decode({ messages: [{ role: 'user', content }] }).turns[0]?.parts ?? []
}

function assistantParts(...content: unknown[]): readonly ContentPart[] {
  return decode({ messages: [{ role: 'assistant', content }] }).turns[0]?.parts ?? []
}

describe('content', () => {
  const at = 'messages[0].content[0]'
  const cases: readonly (readonly [what: string, block: Json, part: unknown])[] = [
    ['text', { text: 'hi' }, { type: 'text', text: 'hi', at }],
    [
      'an image',
      { image: { format: 'jpeg', source: { bytes: 'aGk=' } } },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/jpeg', data: 'aGk=' }, at },
    ],
    [
      'a document',
      { document: { name: 'N', format: 'pdf', source: { bytes: 'aGk=' }, citations: { enabled: true }, context: 'c' } },
      {
        type: 'file',
        source: { kind: 'base64', mediaType: 'application/pdf', data: 'aGk=' },
        name: 'N',
        context: 'c',
        cite: true,
        at,
      },
    ],
    [
      'a text document',
      { document: { name: 'N', source: { text: 'words' } } },
      { type: 'file', source: { kind: 'text', mediaType: 'text/plain', text: 'words' }, name: 'N', at },
    ],
    [
      'a video',
      { video: { format: 'three_gp', source: { bytes: 'aGk=' } } },
      { type: 'file', source: { kind: 'base64', mediaType: 'video/3gpp', data: 'aGk=' }, at },
    ],
    [
      'audio',
      { audio: { format: 'wav', source: { bytes: 'aGk=' } } },
      { type: 'audio', format: 'wav', data: 'aGk=', at },
    ],
    [
      'a result',
      { toolResult: { toolUseId: 't', content: [{ text: 'a' }, { json: { b: 1 } }], status: 'error' } },
      {
        type: 'tool-result',
        callId: 't',
        isError: true,
        parts: [
          { type: 'text', text: 'a', at: `${at}.toolResult.content[0]` },
          { type: 'text', text: '{"b":1}', at: `${at}.toolResult.content[1]` },
        ],
        at,
      },
    ],
    [
      'what only this wire knows',
      { guardContent: { text: { text: 'check me' } } },
      { type: 'opaque', kind: 'guardContent', value: { guardContent: { text: { text: 'check me' } } }, at },
    ],
  ]

  it.each(cases)('reads %s', (_what, block, part) => {
    expect(parts(block)).toMatchObject([part])
    const keys = Object.keys(parts(block)[0] ?? {}).filter((key) => key !== 'extras')
    expect(keys.toSorted()).toEqual(Object.keys(part as object).toSorted())
  })

  it('reads an object in S3 as a file at the provider', () => {
    const source = { s3Location: { uri: 's3://bucket/a.png', bucketOwner: '123456789012' } }
    expect(parts({ image: { format: 'png', source } })).toMatchObject([
      { type: 'image', source: { kind: 'file', id: 's3://bucket/a.png' } },
    ])
  })

  it('reads a call, and one without arguments as one without text', () => {
    expect(
      assistantParts(
        { toolUse: { toolUseId: 'a', name: 'f', input: { x: [1] } } },
        { toolUse: { toolUseId: 'b', name: 'g' } },
      ),
    ).toMatchObject([
      { type: 'tool-call', id: 'a', name: 'f', input: '{"x":[1]}' },
      { type: 'tool-call', id: 'b', name: 'g', input: '' },
    ])
  })

  it('keeps a tool of the provider and its result apart from the tools of the client', () => {
    const blocks = [
      { toolUse: { toolUseId: 'a', name: 'nova_grounding', input: {}, type: 'server_tool_use' } },
      { toolResult: { toolUseId: 'a', content: [], type: 'nova_grounding_result' } },
    ]
    expect(assistantParts(...blocks)).toMatchObject([
      { type: 'opaque', kind: 'server_tool_use', value: blocks[0] },
      { type: 'opaque', kind: 'toolResult', value: blocks[1] },
    ])
  })

  it('reads reasoning with its signature', () => {
    const block = { reasoningContent: { reasoningText: { text: 'hm', signature: 's' } } }
    expect(assistantParts(block)).toMatchObject([{ type: 'reasoning', text: 'hm', signature: 's' }])
  })

  it('takes one layer of base64 off redacted reasoning', () => {
    // "RW5jcnlwdGVk" is what Anthropic gives; on this wire it is base64 once more.
    const block = { reasoningContent: { redactedContent: 'Ulc1amNubHdkR1Zr' } }
    expect(assistantParts(block)).toMatchObject([{ type: 'reasoning', text: '', redacted: 'RW5jcnlwdGVk' }])
  })

  it('reads cited text with its links', () => {
    const citation = { title: 'T', sourceContent: [{ text: 'so' }], location: { web: { url: 'https://a.example/' } } }
    const block = { citationsContent: { content: [{ text: 'it is ' }, { text: 'so' }], citations: [citation] } }
    expect(assistantParts(block)).toMatchObject([
      {
        type: 'text',
        text: 'it is so',
        citations: [{ url: 'https://a.example/', title: 'T', citedText: 'so', value: citation }],
      },
    ])
  })

  it('puts a cache point onto what stands before it', () => {
    const request = decode({
      system: [{ text: 's' }, { cachePoint: { type: 'default', ttl: '1h' } }],
      messages: [{ role: 'user', content: [{ text: 'a' }, { cachePoint: { type: 'default' } }, { text: 'b' }] }],
      toolConfig: {
        tools: [{ toolSpec: { name: 'f', inputSchema: { json: {} } } }, { cachePoint: { type: 'default' } }],
      },
    })
    expect(request.instructions).toMatchObject([{ text: 's', cache: { ttl: '1h' } }])
    expect(request.turns[0]?.parts).toMatchObject([{ text: 'a', cache: {} }, { text: 'b' }])
    expect(request.turns[0]?.parts[1]).not.toHaveProperty('cache')
    expect(request.tools).toMatchObject([{ name: 'f', cache: {} }])
  })

  it('keeps a cache point that has nothing before it', () => {
    expect(parts({ cachePoint: { type: 'default' } }, { text: 'a' })).toMatchObject([
      { type: 'opaque', kind: 'cachePoint' },
      { type: 'text' },
    ])
  })
})

describe('the rest of a request', () => {
  it('has its model and its stream in the path', () => {
    const path = '/model/arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-x-v1:0/converse-stream'
    const request = decode(bodyWith(), path)
    expect(request.model).toBe('arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-x-v1:0')
    expect(request.stream).toBe(true)
    expect(decode(bodyWith()).stream).toBe(false)
  })

  it('keeps a later system message where it stands', () => {
    const messages = [
      { role: 'user', content: [{ text: 'a' }] },
      { role: 'system', content: [{ text: 'b' }] },
    ]
    expect(decode({ messages }).turns.map(({ role }) => role)).toEqual(['user', 'system'])
  })

  it.each([
    [
      { inferenceConfig: { maxTokens: 5, temperature: 0.5, topP: 0.9, stopSequences: ['x'] } },
      {
        sampling: { maxOutputTokens: 5, temperature: 0.5, topP: 0.9, stop: ['x'] },
      },
    ],
    [{ additionalModelRequestFields: { top_k: 7 } }, { sampling: { topK: 7 } }],
    [{ additionalModelRequestFields: { inferenceConfig: { topK: 7 } } }, { sampling: { topK: 7 } }],
    [
      { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2048 } } },
      {
        reasoning: { mode: 'enabled', budgetTokens: 2048 },
      },
    ],
    [{ additionalModelRequestFields: { reasoning_config: { type: 'disabled' } } }, { reasoning: { mode: 'disabled' } }],
    [
      { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } } },
      {
        reasoning: { mode: 'enabled', effort: 'low' },
      },
    ],
    [{ additionalModelRequestFields: { reasoning_effort: 'high' } }, { reasoning: { effort: 'high' } }],
    [{ outputConfig: { effort: 'max' } }, { reasoning: { effort: 'max' } }],
    [
      { additionalModelRequestFields: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } } },
      {
        parallelToolCalls: false,
      },
    ],
    [
      { additionalModelRequestFields: { anthropic_beta: ['x'] } },
      {
        extras: { additionalModelRequestFields: { anthropic_beta: ['x'] } },
      },
    ],
    [
      { guardrailConfig: { guardrailIdentifier: 'g' }, serviceTier: { type: 'flex' } },
      {
        extras: { guardrailConfig: { guardrailIdentifier: 'g' }, serviceTier: { type: 'flex' } },
      },
    ],
    [{ promptVariables: { name: { text: 'x' } } }, { bound: { param: 'promptVariables' } }],
    [{ toolConfig: { toolChoice: { any: {} } } }, { toolChoice: { mode: 'required' } }],
    [{ toolConfig: { toolChoice: { tool: { name: 'f' } } } }, { toolChoice: { mode: 'tool', name: 'f' } }],
    [{ toolConfig: { toolChoice: { sometimes: {} } } }, { toolChoice: { mode: 'opaque', kind: 'sometimes' } }],
  ] as [Json, Json][])('%j means %j', (members, request) => {
    expect(decode(bodyWith(members))).toMatchObject(request)
  })

  it('reads tools, those of the provider whole', () => {
    const tools = [
      { toolSpec: { name: 'f', description: 'd', strict: true, inputSchema: { json: { type: 'object' } } } },
      { systemTool: { name: 'nova_grounding' } },
    ]
    expect(decode(bodyWith({ toolConfig: { tools } })).tools).toEqual([
      {
        type: 'function',
        name: 'f',
        description: 'd',
        strict: true,
        schema: { type: 'object' },
        at: 'toolConfig.tools[0]',
      },
      { type: 'opaque', kind: 'nova_grounding', value: tools[1], at: 'toolConfig.tools[1]' },
    ])
  })

  it('reads the schema of an answer, which is JSON inside a string', () => {
    const jsonSchema = { name: 'N', description: 'D', schema: '{ "type": "object" }' }
    const outputConfig = { textFormat: { type: 'json_schema', structure: { jsonSchema } } }
    expect(decode(bodyWith({ outputConfig })).output).toEqual({
      type: 'json-schema',
      schema: { type: 'object' },
      name: 'N',
      description: 'D',
    })
  })

  it('unwraps a request that only counts', () => {
    const request = decode({ input: { converse: bodyWith() } }, '/model/m/count-tokens')
    expect(request.turns).toHaveLength(1)
  })
})

describe('what does not have the shape of the wire', () => {
  it.each([
    [{ messages: 'hi' }, 'invalid_messages', 'messages'],
    [{ messages: [{ role: 'user', content: 'hi' }] }, 'invalid_messages', 'messages[0].content'],
    [{ messages: [{ role: 'user', content: ['hi'] }] }, 'invalid_messages', 'messages[0].content[0]'],
    [{ messages: [{ role: 'user', content: [{ text: 1 }] }] }, 'invalid_messages', 'messages[0].content[0].text'],
    [
      { messages: [{ role: 'user', content: [{ image: {} }] }] },
      'invalid_messages',
      'messages[0].content[0].image.format',
    ],
    [bodyWith({ system: 'hi' }), 'invalid_value', 'system'],
    [bodyWith({ inferenceConfig: { maxTokens: '5' } }), 'invalid_value', 'inferenceConfig.maxTokens'],
    [bodyWith({ toolConfig: { tools: [{ toolSpec: {} }] } }), 'invalid_value', 'toolConfig.tools[0].toolSpec.name'],
  ] as [Json, string, string][])('%j is refused with its place', (body, code, param) => {
    expect(errorOf(bedrockConverse.decodeRequest(wireRequest(body)))).toMatchObject({ code, param })
  })
})
