// A request of this wire on its way to a provider of this wire goes back as it was, whatever it holds.
import { describe, expect, it } from 'vitest'
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts'
import { bodyWith, claude, decode, jsonOf, nova, valueOf, type Json } from './support.ts'

function back(body: Json, path?: string) {
  const encoded = valueOf(bedrockConverse.encodeRequest(decode(body, path), { model: nova }))
  return { path: encoded.call.path, body: jsonOf(encoded.call.body), losses: encoded.losses }
}

const user = (...content: unknown[]): Json => ({ messages: [{ role: 'user', content }] })
const answer = (...content: unknown[]): Json => ({ messages: [{ role: 'assistant', content }] })

describe('a request comes back', () => {
  const cases: readonly (readonly [what: string, body: Json])[] = [
    ['with every kind of text', user({ text: 'a' }, { text: '' }, { text: ' ' })],
    [
      'with empty settings',
      bodyWith({ system: [], inferenceConfig: {}, toolConfig: {}, additionalModelRequestFields: {} }),
    ],
    [
      'with images wherever they lie',
      user(
        { image: { format: 'png', source: { bytes: 'aGk=' } } },
        {
          image: {
            format: 'webp',
            source: { s3Location: { uri: 's3://b/no-extension', bucketOwner: '123456789012' } },
          },
        },
      ),
    ],
    [
      'with an image of a format that is newer than this',
      user({ image: { format: 'avif', source: { bytes: 'aGk=' } } }),
    ],
    [
      'with documents in all their forms',
      user(
        { text: 'read' },
        { document: { name: 'a', format: 'docx', source: { bytes: 'aGk=' }, citations: { enabled: false } } },
        { document: { name: 'a', format: 'md', source: { text: 'x' }, context: 'c' } },
        { document: { name: 'b', source: { content: [{ text: 'x' }, { text: 'y' }] }, citations: {} } },
        { document: { name: 'c', source: { s3Location: { uri: 's3://b/c' } } } },
        { document: { name: 'd', format: 'epub', source: { bytes: 'aGk=' } } },
      ),
    ],
    [
      'with video and audio',
      user(
        { video: { format: 'mp4', source: { bytes: 'aGk=' } } },
        { video: { format: 'mkv', source: { s3Location: { uri: 's3://b/v' } } } },
        { audio: { format: 'x-aac', source: { bytes: 'aGk=' } } },
        { audio: { format: 'mp3', source: { s3Location: { uri: 's3://b/v' } } } },
      ),
    ],
    [
      'with members that nobody knows',
      {
        ...user(
          { text: 'a', later: 1 },
          {
            image: {
              format: 'png',
              source: { bytes: 'aGk=', hint: 'x' },
              error: { message: 'm' },
            },
          },
        ),
        newest: { deep: [1] },
        inferenceConfig: { maxTokens: 1, minP: 0.1 },
      },
    ],
    ['with blocks that nobody knows', user({ toolAddition: { tool: { name: 'f' } } }, { hologram: { size: 2 } })],
    ['with guarded content', user({ guardContent: { text: { text: 'a', qualifiers: ['query'] } } })],
    ['with search results', user({ searchResult: { source: 's', title: 't', content: [{ text: 'x' }] } })],
    [
      'with calls and results',
      {
        messages: [
          { role: 'user', content: [{ text: 'go' }] },
          {
            role: 'assistant',
            content: [
              { toolUse: { toolUseId: 'a', name: 'f', input: { x: 1.5 }, type: 'tool_use' } },
              { toolUse: { toolUseId: 'b', name: 'f', input: {} } },
            ],
          },
          {
            role: 'user',
            content: [
              { toolResult: { toolUseId: 'a', content: [{ json: { y: null } }, { json: null }], status: 'success' } },
              { toolResult: { toolUseId: 'b', content: [] } },
            ],
          },
        ],
      },
    ],
    [
      'with server tools',
      answer(
        { toolUse: { toolUseId: 'a', name: 'nova_grounding', input: { q: 1 }, type: 'server_tool_use' } },
        { toolResult: { toolUseId: 'a', content: [{ text: 'x' }], status: 'success', type: 'nova_grounding_result' } },
      ),
    ],
    [
      'with reasoning',
      answer(
        { reasoningContent: { reasoningText: { text: 'hm', signature: 's' } } },
        { reasoningContent: { reasoningText: { text: 'unsigned' } } },
        { reasoningContent: { redactedContent: 'Ulc1amNubHdkR1Zr' } },
        { reasoningContent: { redactedContent: '/w==' } },
      ),
    ],
    [
      'with cited text',
      answer(
        { citationsContent: { content: [{ text: 'a' }, { text: 'b' }], citations: [{ title: 't' }] } },
        { citationsContent: { citations: [{ location: { web: { url: 'https://a.example/' } } }] } },
        { citationsContent: { content: [{ text: 'c' }], citations: [] } },
      ),
    ],
    [
      'with cache points anywhere',
      {
        system: [{ text: 's' }, { cachePoint: { type: 'default', ttl: '1h' } }],
        ...user(
          { cachePoint: { type: 'default' } },
          { text: 'a' },
          { cachePoint: { type: 'default' } },
          { cachePoint: { type: 'new', x: 1 } },
        ),
        toolConfig: {
          tools: [
            { toolSpec: { name: 'f', inputSchema: { json: { type: 'object' } }, strict: false } },
            { cachePoint: { type: 'default', ttl: '5m' } },
            { systemTool: { name: 'nova_grounding' } },
            { cachePoint: { type: 'default' } },
          ],
          toolChoice: { auto: {} },
        },
      },
    ],
    [
      'with everything that Anthropic wants',
      bodyWith({
        additionalModelRequestFields: {
          thinking: { type: 'enabled', budget_tokens: 1024, display: 'omitted' },
          top_k: 5,
          tool_choice: { type: 'auto', disable_parallel_tool_use: true },
          output_config: { effort: 'high' },
          anthropic_beta: ['x'],
        },
        additionalModelResponseFieldPaths: ['/stop_sequence'],
      }),
    ],
    [
      'with everything that Nova wants',
      bodyWith({
        additionalModelRequestFields: {
          inferenceConfig: { topK: 10, other: 1 },
          reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' },
        },
      }),
    ],
    [
      'with a schema, as it was written',
      bodyWith({
        outputConfig: {
          effort: 'low',
          textFormat: {
            type: 'json_schema',
            structure: { jsonSchema: { schema: '{ "type":\n"object" }', name: 'N', later: 1 } },
          },
        },
      }),
    ],
    ['with a format that is no schema', bodyWith({ outputConfig: { textFormat: { type: 'xml', structure: {} } } })],
    ['with a prompt of the provider', { promptVariables: { a: { text: 'b' } } }],
    [
      'with all the rest',
      bodyWith({
        guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1', trace: 'enabled' },
        requestMetadata: { team: 'x' },
        performanceConfig: { latency: 'optimized' },
        serviceTier: { type: 'flex' },
      }),
    ],
  ]

  it.each(cases)('%s', (_what, body) => {
    const encoded = back(body)
    expect(encoded.body).toEqual(body)
    expect(encoded.losses).toEqual([])
  })

  it('below the path of the target', () => {
    expect(back(bodyWith(), `/model/${claude}/converse`).path).toBe('/model/amazon.nova-pro-v1%3A0/converse')
    expect(back(bodyWith(), `/model/${claude}/converse-stream`).path).toBe(
      '/model/amazon.nova-pro-v1%3A0/converse-stream',
    )
  })
})

describe('what the gateway changed on the way', () => {
  it('is what goes out, and not what was written', () => {
    const request = decode(
      bodyWith({ additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } } }),
    )
    const { reasoning: _off, ...rest } = request
    const encoded = valueOf(
      bedrockConverse.encodeRequest({ ...rest, sampling: { maxOutputTokens: 9 } }, { model: claude }),
    )
    expect(jsonOf(encoded.call.body)).toEqual(bodyWith({ inferenceConfig: { maxTokens: 9 } }))
  })
})
