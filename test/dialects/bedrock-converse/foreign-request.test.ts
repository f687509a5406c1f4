// A request of another wire becomes one that the service takes; what that costs is listed, what cannot be is refused.
// Every body that comes out here is also held against the service model, where that is at hand.
import { describe, expect, it } from 'vitest'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { IrRequest, Turn } from '../../../src/ir/request.ts'
import { requireShared } from '../../support/shared.ts'
import { callErrors } from '../../support/bedrock-model.ts'
import { list, record, type Json } from '../../support/json.ts'
import { assistant, call, claude, encodeForeign, nova, refusal, result, text, user } from './support.ts'

const hasModel = requireShared('requests for Bedrock against the service model')
const picture: ContentPart = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'aGk=' } }
const llama = 'meta.llama3-3-70b-instruct-v1:0'

describe.runIf(hasModel)('the gate of these tests', () => {
  it.each([
    ['a member that the model does not have', { messages: [], later: 1 }],
    ['a block of two kinds', { messages: [{ role: 'user', content: [{ text: 'a', image: {} }] }] }],
    ['a role that is none', { messages: [{ role: 'tool', content: [] }] }],
    [
      'an id outside its pattern',
      { messages: [{ role: 'user', content: [{ toolResult: { toolUseId: 'a b', content: [] } }] }] },
    ],
    ['a required member that is absent', { toolConfig: {} }],
    ['a number out of range', { inferenceConfig: { temperature: 2 } }],
  ])('closes on %s', (_what, body) => {
    expect(callErrors('/model/m/converse', body)).not.toEqual([])
  })
})

describe('the smallest request', () => {
  it('is a conversation and a path', () => {
    const { body, losses, encoded } = encodeForeign({})
    expect(body).toEqual({ messages: [{ role: 'user', content: [{ text: 'hi' }] }] })
    expect(losses).toEqual([])
    expect(encoded.call.path).toBe('/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse')
    expect(encoded.call.headers).toEqual({ 'content-type': 'application/json' })
  })

  it('streams by its path', () => {
    expect(encodeForeign({ stream: true }, nova).encoded.call.path).toBe(
      '/model/amazon.nova-pro-v1%3A0/converse-stream',
    )
  })

  it('names an ARN as one segment', () => {
    const arn = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123'
    expect(encodeForeign({}, arn).encoded.call.path).toBe(
      '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123/converse',
    )
  })
})

describe('the conversation', () => {
  const toolsOf = { tools: [{ type: 'function', name: 'f' }] } as Partial<IrRequest>
  const cases: readonly (readonly [what: string, turns: readonly Turn[], messages: unknown, losses: string[]])[] = [
    [
      'joins turns of one role',
      [user(text('a')), user(text('b')), assistant(text('c')), assistant(text('d')), user(text('e'))],
      [
        { role: 'user', content: [{ text: 'a' }, { text: 'b' }] },
        { role: 'assistant', content: [{ text: 'c' }, { text: 'd' }] },
        { role: 'user', content: [{ text: 'e' }] },
      ],
      [],
    ],
    [
      'puts all results of parallel calls into one message, before everything else',
      [
        user(text('go')),
        assistant(text('ok'), call('a', '{"x":1}'), call('b', '')),
        user(result('b', text('2'))),
        user(text('by the way'), result('a', text('1'))),
      ],
      [
        { role: 'user', content: [{ text: 'go' }] },
        {
          role: 'assistant',
          content: [
            { text: 'ok' },
            { toolUse: { toolUseId: 'a', name: 'f', input: { x: 1 } } },
            { toolUse: { toolUseId: 'b', name: 'f', input: {} } },
          ],
        },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 'b', content: [{ text: '2' }] } },
            { toolResult: { toolUseId: 'a', content: [{ text: '1' }] } },
            { text: 'by the way' },
          ],
        },
      ],
      [],
    ],
    [
      'keeps an image and a text beside it inside a result',
      [user(text('go')), assistant(call('a')), user(result('a', text('see'), picture, text('so')), text('well'))],
      [
        { role: 'user', content: [{ text: 'go' }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'a', name: 'f', input: {} } }] },
        {
          role: 'user',
          content: [
            {
              toolResult: {
                toolUseId: 'a',
                content: [{ text: 'see' }, { image: { format: 'png', source: { bytes: 'aGk=' } } }, { text: 'so' }],
              },
            },
            { text: 'well' },
          ],
        },
      ],
      [],
    ],
    [
      'begins with the user, whoever began',
      [assistant(text('Hello!')), user(text('hi'))],
      [
        { role: 'user', content: [{ text: '.' }] },
        { role: 'assistant', content: [{ text: 'Hello!' }] },
        { role: 'user', content: [{ text: 'hi' }] },
      ],
      ['approximated messages[0]'],
    ],
    [
      'leaves out text that the service refuses',
      [user(text(''), text(' \n', { at: 'messages[0].content[1]' }), text('a'))],
      [{ role: 'user', content: [{ text: 'a' }] }],
      ['dropped messages[0].content[1]'],
    ],
    [
      'keeps signed and redacted reasoning, and leaves out the rest',
      [
        user(text('a')),
        assistant(
          { type: 'reasoning', text: 'unsigned', at: 'messages[1].content[0]' },
          { type: 'reasoning', text: 'hm', signature: 's' },
          { type: 'reasoning', text: '', redacted: 'RW5jcnlwdGVk' },
          { type: 'reasoning', text: '', signature: 'only' },
          text('b'),
        ),
        user(text('c')),
      ],
      [
        { role: 'user', content: [{ text: 'a' }] },
        {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'hm', signature: 's' } } },
            { reasoningContent: { redactedContent: 'Ulc1amNubHdkR1Zr' } },
            { reasoningContent: { reasoningText: { text: '', signature: 'only' } } },
            { text: 'b' },
          ],
        },
        { role: 'user', content: [{ text: 'c' }] },
      ],
      ['dropped messages[1].content[0]'],
    ],
    [
      'trims a prefill',
      [user(text('a')), assistant(text('So \n'))],
      [
        { role: 'user', content: [{ text: 'a' }] },
        { role: 'assistant', content: [{ text: 'So' }] },
      ],
      ['approximated messages[1]'],
    ],
    [
      'forgets an assistant that said nothing',
      [user(text('a')), assistant(text('')), user(text('b'))],
      [{ role: 'user', content: [{ text: 'a' }, { text: 'b' }] }],
      [],
    ],
    [
      'drops media of the assistant',
      [user(text('a')), assistant(text('b'), { ...picture, at: 'messages[1].content[1]' }), user(text('c'))],
      [
        { role: 'user', content: [{ text: 'a' }] },
        { role: 'assistant', content: [{ text: 'b' }] },
        { role: 'user', content: [{ text: 'c' }] },
      ],
      ['dropped messages[1].content[1]'],
    ],
    [
      'gives a tool that said nothing an empty record',
      [user(text('go')), assistant(call('a')), user({ ...result('a', text('')), at: 'messages[2]' })],
      [
        { role: 'user', content: [{ text: 'go' }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'a', name: 'f', input: {} } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 'a', content: [{ json: {} }] } }] },
      ],
      ['approximated messages[2]'],
    ],
  ]

  it.each(cases)('%s', (_what, turns, messages, losses) => {
    const encoded = encodeForeign({ turns, ...toolsOf })
    expect(encoded.body['messages']).toEqual(messages)
    expect(encoded.losses).toEqual(losses)
  })

  it('says whether a tool failed', () => {
    const turns = [
      user(text('go')),
      assistant(call('a'), call('b')),
      user(
        { ...result('a', text('x')), isError: true } as ContentPart,
        { ...result('b', text('y')), isError: false } as ContentPart,
      ),
    ]
    const [, , answers] = list(encodeForeign({ turns, ...toolsOf }).body['messages']).map(record)
    expect(list(answers?.['content']).map((block) => record(record(block)['toolResult'])['status'])).toEqual([
      'error',
      'success',
    ])
    expect(JSON.stringify(encodeForeign({ turns, ...toolsOf }, llama).body)).not.toContain('status')
    expect(encodeForeign({ turns, ...toolsOf }, llama).losses).toEqual(['approximated messages[2].is_error'])
  })

  it('puts an image beside the result for models that take none inside', () => {
    const turns = [
      user(text('go')),
      assistant(call('a')),
      user(result('a', text('see'), { ...picture, at: 'x' }), text('well')),
    ]
    const { body, losses } = encodeForeign({ turns, ...toolsOf }, llama)
    expect(record(list(body['messages'])[2])['content']).toEqual([
      { toolResult: { toolUseId: 'a', content: [{ text: 'see' }] } },
      { image: { format: 'png', source: { bytes: 'aGk=' } } },
      { text: 'well' },
    ])
    expect(losses).toEqual(['approximated x'])
  })

  it('sends instructions as system blocks, later ones with a loss', () => {
    const { body, losses } = encodeForeign({
      instructions: [text('a'), text('b')],
      turns: [user(text('hi')), { role: 'system', parts: [text('c')], at: 'messages[2]' }],
    })
    expect(body['system']).toEqual([{ text: 'a' }, { text: 'b' }, { text: 'c' }])
    expect(losses).toEqual(['approximated messages[2]'])
  })

  it('makes ids legal and keeps the pairs', () => {
    const id = `call/${'x'.repeat(80)}`
    const turns = [
      user(text('go')),
      assistant(call(id), call('functions.add:0')),
      user(result(id, text('1')), result('functions.add:0', text('2'))),
    ]
    const blocks = list(encodeForeign({ turns, ...toolsOf }).body['messages']).flatMap((message) =>
      list(record(message)['content']).map(record),
    )
    const ids = blocks.flatMap(({ toolUse, toolResult }) => record(toolUse ?? toolResult)['toolUseId'] ?? [])
    expect(ids[0]).toBe(ids[2])
    expect(ids[1]).toBe('functions.add:0')
    expect(ids[3]).toBe('functions.add:0')
  })

  it.each([
    ['a user message without content', { turns: [user(text(''))] }, 'invalid_messages', 'messages[0]'],
    ['no message at all', { turns: [], instructions: [text('a')] }, 'invalid_messages', 'messages'],
    [
      'arguments that are no object',
      { turns: [user(text('a')), assistant({ ...call('a', '[1]'), at: 'x' }), user(result('a'))] },
      'unsupported_content',
      'x',
    ],
    [
      'a call of a free-text tool',
      { turns: [user(text('a')), assistant({ ...call('a', 'x', { kind: 'custom' }), at: 'x' })] },
      'unsupported_content',
      'x',
    ],
    ['an image in the instructions', { instructions: [{ ...picture, at: 'x' }] }, 'unsupported_content', 'x'],
    [
      'a block that only another wire knows',
      { turns: [user({ type: 'opaque', kind: 'search_result', value: {}, at: 'x' })] },
      'unsupported_content',
      'x',
    ],
    ['several answers', { choices: 2 }, 'unsupported_content', 'n'],
    [
      'state at another provider',
      { bound: { param: 'previous_response_id', reason: 'stored there' } },
      'unsupported_content',
      'previous_response_id',
    ],
  ] as [string, Partial<IrRequest>, string, string][])('refuses %s', (_what, members, code, param) => {
    expect(refusal(members)).toEqual({ code, param })
  })
})

describe('media', () => {
  const file = (members: object): ContentPart => ({ type: 'file', at: 'x', ...members }) as ContentPart
  const base64 = (mediaType: string): object => ({ source: { kind: 'base64', mediaType, data: 'aGk=' } })
  const content = (body: Json): unknown => record(list(body['messages'])[0])['content']

  it.each([
    [
      'an image',
      { type: 'image', ...base64('image/jpg') },
      { image: { format: 'jpeg', source: { bytes: 'aGk=' } } },
      [],
    ],
    [
      'bytes in the alphabet of URLs in its own',
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'a-_k' } },
      { image: { format: 'png', source: { bytes: 'a+/k' } } },
      [],
    ],
    [
      'an image in S3',
      { type: 'image', source: { kind: 'url', url: 's3://bucket/a.webp' } },
      { image: { format: 'webp', source: { s3Location: { uri: 's3://bucket/a.webp' } } } },
      [],
    ],
    [
      'an image with a resolution',
      { type: 'image', at: 'x', detail: 'low', ...base64('image/png') },
      { image: { format: 'png', source: { bytes: 'aGk=' } } },
      ['dropped x.image_url.detail'],
    ],
    [
      'audio',
      { type: 'audio', format: 'pcm16', data: 'aGk=' },
      { audio: { format: 'pcm', source: { bytes: 'aGk=' } } },
      [],
    ],
    ['a video', file(base64('video/quicktime')), { video: { format: 'mov', source: { bytes: 'aGk=' } } }, []],
    [
      'a document',
      file({ ...base64('application/pdf'), name: 'Report' }),
      { document: { name: 'Report', format: 'pdf', source: { bytes: 'aGk=' } } },
      [],
    ],
    [
      'a document that is cited from',
      file({ source: { kind: 'text', mediaType: 'text/plain', text: 'x' }, cite: true, context: 'c' }),
      {
        document: {
          name: 'Document',
          format: 'txt',
          source: { text: 'x' },
          citations: { enabled: true },
          context: 'c',
        },
      },
      [],
    ],
    [
      'a document in pieces',
      file({ source: { kind: 'parts', parts: [text('a'), text('b')] } }),
      { document: { name: 'Document', format: 'txt', source: { content: [{ text: 'a' }, { text: 'b' }] } } },
      [],
    ],
    [
      'a document in S3',
      file({ source: { kind: 'url', url: 's3://bucket/a.docx' } }),
      { document: { name: 'Document', format: 'docx', source: { s3Location: { uri: 's3://bucket/a.docx' } } } },
      [],
    ],
    [
      'code as plain text',
      file(base64('text/x-python; charset=utf-8')),
      { document: { name: 'Document', format: 'txt', source: { bytes: 'aGk=' } } },
      ['approximated x'],
    ],
  ] as [string, ContentPart, Json, string[]][])('sends %s', (_what, part, block, losses) => {
    const encoded = encodeForeign({ turns: [user(text('look'), part)] })
    expect(content(encoded.body)).toEqual([{ text: 'look' }, block])
    expect(encoded.losses).toEqual(losses)
  })

  it('gives documents legal names that differ, and says so', () => {
    const named = (name: string): ContentPart => file({ ...base64('application/pdf'), name })
    const { body, losses } = encodeForeign({
      turns: [
        user(
          text('a'),
          named('Bericht: Größe.pdf'),
          named('report_(1)  [x].pdf'),
          named('a'),
          named('a'),
          named('日本'),
        ),
      ],
    })
    const names = list(content(body)).flatMap((block) => record(record(block)['document'])['name'] ?? [])
    expect(names).toEqual(['Bericht Gr e', 'report (1) [x]', 'a', 'a 2', 'Document'])
    for (const name of names) expect(name).toMatch(/^(?!.* {2})[A-Za-z0-9 \-()[\]]{1,200}$/)
    expect(losses).toEqual(Array.from({ length: 4 }, () => 'approximated x.file.filename'))
  })

  it('puts a word beside a document that came alone', () => {
    const { body, losses } = encodeForeign({ turns: [user(file(base64('application/pdf')))] })
    expect(content(body)).toMatchObject([{ text: 'Document' }, { document: {} }])
    expect(losses).toEqual(['approximated messages[0]'])
  })

  it.each([
    ['an image behind a link', { type: 'image', at: 'x', source: { kind: 'url', url: 'https://a.example/a.png' } }],
    ['an image at another provider', { type: 'image', at: 'x', source: { kind: 'file', id: 'file-1' } }],
    ['an image of a format that is none here', { type: 'image', at: 'x', ...base64('image/tiff') }],
    ['a document behind a link', file({ source: { kind: 'url', url: 'https://a.example/a.pdf' } })],
    ['a document of a type that is none here', file(base64('application/zip'))],
    ['audio of a format that is none here', { type: 'audio', at: 'x', format: 'amr', data: 'aGk=' }],
  ] as [string, ContentPart][])('refuses %s', (_what, part) => {
    expect(refusal({ turns: [user(text('look'), part)] })).toEqual({ code: 'unsupported_content', param: 'x' })
  })
})

describe('parameters', () => {
  const sampling = (members: object): Partial<IrRequest> => ({ sampling: members })

  it.each([
    [
      'limits',
      sampling({ maxOutputTokens: 7, topP: 0.5 }),
      claude,
      { inferenceConfig: { maxTokens: 7, topP: 0.5 } },
      [],
    ],
    [
      'a high temperature',
      sampling({ temperature: 1.7 }),
      nova,
      { inferenceConfig: { temperature: 1 } },
      ['approximated temperature'],
    ],
    [
      'both randomnesses, of which Claude takes one',
      sampling({ temperature: 0.2, topP: 0.9 }),
      claude,
      { inferenceConfig: { temperature: 0.2 } },
      ['dropped top_p'],
    ],
    [
      'both randomnesses, which Nova takes',
      sampling({ temperature: 0.2, topP: 0.9 }),
      nova,
      { inferenceConfig: { temperature: 0.2, topP: 0.9 } },
      [],
    ],
    ['top k for Claude', sampling({ topK: 5 }), claude, { additionalModelRequestFields: { top_k: 5 } }, []],
    [
      'top k for Nova',
      sampling({ topK: 5 }),
      nova,
      { additionalModelRequestFields: { inferenceConfig: { topK: 5 } } },
      [],
    ],
    ['top k for others', sampling({ topK: 5 }), llama, {}, ['dropped top_k']],
    [
      'what has no counterpart',
      sampling({ seed: 1, frequencyPenalty: 1, presencePenalty: 1 }),
      claude,
      {},
      ['dropped seed', 'dropped frequency_penalty', 'dropped presence_penalty'],
    ],
    [
      'stop sequences, and asks Claude which one it was',
      sampling({ stop: ['x', ' '] }),
      claude,
      { inferenceConfig: { stopSequences: ['x'] }, additionalModelResponseFieldPaths: ['/stop_sequence'] },
      ['dropped stop'],
    ],
    ['stop sequences', sampling({ stop: ['x'] }), nova, { inferenceConfig: { stopSequences: ['x'] } }, []],
    [
      'a schema',
      { output: { type: 'json-schema', schema: { type: 'object' }, name: 'N', description: 'D' } },
      claude,
      {
        outputConfig: {
          textFormat: {
            type: 'json_schema',
            structure: { jsonSchema: { schema: '{"type":"object"}', name: 'N', description: 'D' } },
          },
        },
      },
      [],
    ],
    ['JSON without a schema', { output: { type: 'json-object' } }, claude, {}, ['dropped response_format']],
    ['text', { output: { type: 'text' } }, claude, {}, []],
    ['a user', { user: 'u' }, claude, {}, ['dropped user']],
    [
      'what only the client knows',
      { extras: { store: true, metadata: {} } },
      claude,
      {},
      ['dropped store', 'dropped metadata'],
    ],
  ] as [string, Partial<IrRequest>, string, Json, string[]][])(
    'sends %s',
    (_what, members, model, expected, losses) => {
      const encoded = encodeForeign(members, model)
      const { messages: _messages, ...rest } = encoded.body
      expect(rest).toEqual(expected)
      expect(encoded.losses).toEqual(losses)
    },
  )

  it('names losses as the client calls them', () => {
    const { losses } = encodeForeign({ source: 'gemini', sampling: { seed: 1, topK: 2, stop: [' '] } }, llama)
    expect(losses).toEqual([
      'dropped generationConfig.seed',
      'dropped generationConfig.stopSequences',
      'dropped generationConfig.topK',
    ])
  })
})
