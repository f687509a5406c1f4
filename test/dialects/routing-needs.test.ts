// What routing has to know of a request beyond its text, on every wire: tools that the provider runs, pictures in the
// answer, how images come, and which session it belongs to.
import { describe, expect, it } from 'vitest'
import { allDialects } from '../../src/dialects/index.ts'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { RequestFacts } from '../../src/ir/facts.ts'
import { readJson } from '../../src/wire/json-scan.ts'

interface Wire {
  readonly path: string
  readonly body: object
  /** A message with these parts. */
  readonly parts?: (...parts: object[]) => object
}

const chat = (...content: object[]): object => ({ messages: [{ role: 'user', content }] })

const wires: Readonly<Partial<Record<DialectId, Wire>>> = {
  'openai-chat': {
    path: '/v1/chat/completions',
    body: { model: 'm', ...chat({ type: 'text', text: 'hi' }) },
    parts: chat,
  },
  'openai-responses': {
    path: '/v1/responses',
    body: { model: 'm', input: 'hi' },
    parts: (...content) => ({ input: [{ role: 'user', content }] }),
  },
  'openai-completions': { path: '/v1/completions', body: { model: 'm', prompt: 'hi' } },
  'openai-embeddings': { path: '/v1/embeddings', body: { model: 'm', input: 'hi' } },
  'anthropic-messages': {
    path: '/v1/messages',
    body: { model: 'm', max_tokens: 9, ...chat({ type: 'text', text: 'hi' }) },
    parts: chat,
  },
  gemini: {
    path: '/v1beta/models/m:generateContent',
    body: { contents: [{ parts: [{ text: 'hi' }] }] },
    parts: (...parts) => ({ contents: [{ parts }] }),
  },
  'bedrock-converse': { path: '/model/m/converse', body: chat({ text: 'hi' }), parts: chat },
}

function factsOf(id: DialectId, members: object = {}, headers: Record<string, string> = {}): RequestFacts {
  const wire = wires[id]
  if (wire === undefined) throw new Error(`no wire of ${id}`)
  const text = new TextEncoder().encode(JSON.stringify({ ...wire.body, ...members }))
  const read = readJson(text, { maxDepth: 64, maxKeysPerObject: 100 })
  if (!read.ok) throw new Error(read.fault)
  const facts = allDialects[id].facts({
    task: id === 'openai-embeddings' ? 'embed' : 'generate',
    path: wire.path,
    query: new URLSearchParams(),
    headers: new Headers(headers),
    body: read.document,
  })
  if (!facts.ok) throw facts.error
  return facts.value
}

function partsOf(id: DialectId, ...parts: object[]): RequestFacts {
  return factsOf(id, wires[id]?.parts?.(...parts))
}

describe('tools that the provider runs', () => {
  it.each<[DialectId, string, object, true | undefined]>([
    ['openai-chat', 'search', { web_search_options: {} }, true],
    ['openai-chat', "xAI's search", { search_parameters: { mode: 'auto' } }, true],
    ['openai-chat', "OpenRouter's plugins", { plugins: [{ id: 'web' }] }, true],
    ['openai-chat', 'functions', { tools: [{ type: 'function', function: { name: 'f' } }] }, undefined],
    ['openai-responses', 'search', { tools: [{ type: 'web_search_preview' }] }, true],
    ['openai-responses', 'code', { tools: [{ type: 'function', name: 'f' }, { type: 'code_interpreter' }] }, true],
    ['openai-responses', 'a remote server', { tools: [{ type: 'mcp', server_url: 'https://x.example' }] }, true],
    ['openai-responses', 'functions', { tools: [{ type: 'function', name: 'f' }] }, undefined],
    ['openai-responses', 'a shell of the client', { tools: [{ type: 'local_shell' }] }, undefined],
    ['anthropic-messages', 'search', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, true],
    ['anthropic-messages', 'remote servers', { mcp_servers: [{ type: 'url', url: 'https://x.example' }] }, true],
    [
      'anthropic-messages',
      'an editor of the client',
      { tools: [{ type: 'text_editor_20250728', name: 'e' }] },
      undefined,
    ],
    ['anthropic-messages', 'functions', { tools: [{ name: 'f', input_schema: { type: 'object' } }] }, undefined],
    ['gemini', 'search', { tools: [{ googleSearch: {} }] }, true],
    ['gemini', 'code, in the other spelling', { tools: [{ code_execution: {} }] }, true],
    ['gemini', 'functions', { tools: [{ functionDeclarations: [{ name: 'f' }] }] }, undefined],
    ['bedrock-converse', 'grounding', { toolConfig: { tools: [{ systemTool: { name: 'nova_grounding' } }] } }, true],
    ['bedrock-converse', 'functions', { toolConfig: { tools: [{ toolSpec: { name: 'f' } }] } }, undefined],
  ])('%s: %s', (id, _what, members, expected) => {
    expect(factsOf(id, members).needsServerTools).toBe(expected)
  })
})

describe('pictures in the answer', () => {
  it.each<[DialectId, object, true | undefined]>([
    ['openai-chat', { modalities: ['text', 'image'] }, true],
    ['openai-chat', { modalities: ['text'] }, undefined],
    ['gemini', { generationConfig: { responseModalities: ['TEXT', 'IMAGE'] } }, true],
    ['gemini', { generationConfig: { responseModalities: ['TEXT'] } }, undefined],
  ])('%s %j: %s', (id, members, expected) => {
    expect(factsOf(id, members).needsImageOutput).toBe(expected)
  })
})

describe('how images come', () => {
  const data = 'data:image/png;base64,AAAA'
  const link = 'https://x.example/a.png'
  const chatImage = (url: string): object => ({ type: 'image_url', image_url: { url } })
  const image = (source: object): object => ({ type: 'image', source })

  it.each<[DialectId, readonly object[], readonly string[] | undefined]>([
    ['openai-chat', [chatImage(data)], ['inline_base64']],
    ['openai-chat', [chatImage(link), chatImage(data)], ['inline_base64', 'remote_url']],
    ['openai-chat', [{ type: 'text', text: link }], undefined],
    ['openai-responses', [{ type: 'input_image', image_url: link }], ['remote_url']],
    ['openai-responses', [{ type: 'input_image', file_id: 'file-1' }], ['provider_file_ref']],
    ['anthropic-messages', [image({ type: 'base64', media_type: 'image/png', data: 'AAAA' })], ['inline_base64']],
    ['anthropic-messages', [image({ type: 'url', url: link })], ['remote_url']],
    ['anthropic-messages', [image({ type: 'file', file_id: 'f' })], ['provider_file_ref']],
    ['gemini', [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }], ['inline_base64']],
    ['gemini', [{ fileData: { mimeType: 'image/png', fileUri: link } }], ['remote_url']],
    ['gemini', [{ fileData: { mimeType: 'image/png', fileUri: 'gs://bucket/a.png' } }], ['provider_file_ref']],
    [
      'gemini',
      [{ file_data: { mime_type: 'image/png', file_uri: 'https://generativelanguage.googleapis.com/v1beta/files/x' } }],
      ['provider_file_ref'],
    ],
    ['bedrock-converse', [{ image: { format: 'png', source: { bytes: 'AAAA' } } }], ['inline_base64']],
    [
      'bedrock-converse',
      [{ image: { format: 'png', source: { s3Location: { uri: 's3://b/a.png' } } } }],
      ['provider_file_ref'],
    ],
  ])('%s %j: %j', (id, parts, expected) => {
    expect(partsOf(id, ...parts).imageSources).toEqual(expected)
  })
})

describe('the session of a request', () => {
  const ids = Object.keys(wires) as DialectId[]
  const inOrder = ['x-signalbox-session-id', 'x-switchback-session-id', 'x-codex-session-id', 'x-session-id']

  it.each(ids)('is named by the same headers in the same order: %s', (id) => {
    for (const [index, name] of inOrder.entries()) {
      const headers = Object.fromEntries(inOrder.slice(index).map((header) => [header, header]))
      expect(factsOf(id, {}, headers).sessionKey).toBe(name)
    }
    expect(factsOf(id).sessionKey).toBeUndefined()
    expect(factsOf(id, {}, { 'x-session-id': 's'.repeat(2000) }).sessionKey).toHaveLength(512)
  })

  it.each(ids)('or by the metadata of its body, behind the headers: %s', (id) => {
    const key = id === 'bedrock-converse' ? 'requestMetadata' : 'metadata'
    const members = { [key]: { session_id: 'of the body' } }
    expect(factsOf(id, members).sessionKey).toBe('of the body')
    expect(factsOf(id, members, { 'x-session-id': 'of the header' }).sessionKey).toBe('of the header')
    expect(factsOf(id, { [key]: { session_id: 7 } }).sessionKey).toBeUndefined()
  })
})
