// Field bugs C: caching, media, headers, schemas. Each name begins with the number of its case.
import { expect } from 'vitest'
import type { GenerativeId } from '../../../src/dialects/index.ts'
import { createTestApp, jsonAnswer } from '../../support/app.ts'
import { list, record, text, type Json } from '../../support/json.ts'
import { decodeRequest, dialectIds, encodeRequest, others, sentTo, tryEncodeRequest } from '../harness.ts'
import { covers } from '../losses.ts'
import { wires } from '../wires/index.ts'
import { fieldCases, gateway, sentBody, withTools } from './cases.ts'

const pixel = 'iVBORw0KGgo='
const mark = { cache_control: { type: 'ephemeral' } }

/** An Anthropic request with a breakpoint on a tool, on the instructions, on a text and on a result. */
const cached: Json = {
  model: 'm',
  max_tokens: 10,
  system: [{ type: 'text', text: 'Be brief.', ...mark }],
  tools: [{ name: 't', input_schema: { type: 'object', properties: {} }, ...mark }],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'hi', ...mark }] },
    { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 't', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'ok', ...mark }] },
  ],
}

function marksIn(value: unknown, name: string): number {
  if (Array.isArray(value)) return value.reduce((sum: number, member) => sum + marksIn(member, name), 0)
  if (typeof value !== 'object' || value === null) return 0
  return Object.entries(value).reduce((sum, [key, member]) => sum + (key === name ? 1 : marksIn(member, name)), 0)
}

function from(dialect: GenerativeId, body: Json) {
  return decodeRequest(dialect, sentTo(dialect, body, { model: 'm', stream: false }))
}

/** One user message with an image, on each wire. */
const withImage: Readonly<Partial<Record<GenerativeId, Json>>> = {
  'openai-chat': {
    model: 'm',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } },
        ],
      },
    ],
  },
  'openai-responses': {
    model: 'm',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is it?' },
          { type: 'input_image', image_url: `data:image/png;base64,${pixel}`, detail: 'auto' },
        ],
      },
    ],
  },
  'anthropic-messages': {
    model: 'm',
    max_tokens: 10,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } },
        ],
      },
    ],
  },
  gemini: {
    contents: [
      { role: 'user', parts: [{ text: 'What is it?' }, { inlineData: { mimeType: 'image/png', data: pixel } }] },
    ],
  },
  'bedrock-converse': {
    messages: [
      { role: 'user', content: [{ text: 'What is it?' }, { image: { format: 'png', source: { bytes: pixel } } }] },
    ],
  },
}

/** Two results, the first of them with an image and a text beside it. */
const imageInResult: Json = {
  model: 'm',
  max_tokens: 10,
  messages: [
    { role: 'user', content: 'hi' },
    {
      role: 'assistant',
      content: [
        { type: 'tool_use', id: 't1', name: 'look', input: {} },
        { type: 'tool_use', id: 't2', name: 'listen', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 't1',
          content: [
            { type: 'text', text: 'seen' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } },
          ],
        },
        { type: 'tool_result', tool_use_id: 't2', content: 'heard' },
        { type: 'text', text: 'and now?' },
      ],
    },
  ],
}

const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}

fieldCases('field bugs C', ({ check }) => {
  check('T19 · four cache breakpoints are four cache points', ['anthropic-messages', 'bedrock-converse'], () => {
    const { sent, losses } = encodeRequest('bedrock-converse', from('anthropic-messages', cached))
    expect(marksIn(sent.body, 'cachePoint')).toBe(4)
    expect(losses.filter(({ path }) => path.includes('cache'))).toEqual([])
  })
  check('T19 · four cache points are four cache breakpoints', ['bedrock-converse', 'anthropic-messages'], () => {
    const there = encodeRequest('bedrock-converse', from('anthropic-messages', cached)).sent
    const back = encodeRequest('anthropic-messages', decodeRequest('bedrock-converse', there)).sent.body
    expect(marksIn(back, 'cache_control')).toBe(4)
  })
  for (const target of others('anthropic-messages').filter((id) => id !== 'bedrock-converse' && withTools.includes(id)))
    check(
      `T19 · cache breakpoints arrive or are named as lost · anthropic-messages → ${target}`,
      ['anthropic-messages', target],
      () => {
        const { sent, losses } = encodeRequest(target, from('anthropic-messages', cached))
        const arrived = marksIn(sent.body, 'prompt_cache_breakpoint')
        const lost = losses.filter(({ path }) => path.endsWith('.cache_control')).length
        expect(arrived + lost).toBe(4)
      },
    )

  for (const target of others('openai-chat'))
    check(
      `T20 · the same conversation begins with the same bytes · openai-chat → ${target}`,
      ['openai-chat', target],
      () => {
        const messages = [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'hi' },
        ]
        const more = [...messages, { role: 'assistant', content: 'Hello.' }, { role: 'user', content: 'and now?' }]
        const [once, again, longer] = [messages, messages, more].map((said) =>
          JSON.stringify(encodeRequest(target, from('openai-chat', { model: 'm', messages: said })).sent.body),
        )
        expect(again).toBe(once)
        // Up to where the second turn begins, nothing moved.
        const prefix = (once ?? '').slice(0, (once ?? '').indexOf('"hi"') + 2)
        expect(target === 'openai-completions' || (longer ?? '').startsWith(prefix)).toBe(true)
      },
    )

  for (const [source, body] of Object.entries(withImage) as [GenerativeId, Json][])
    for (const target of dialectIds)
      check(`T21 · an image arrives, or is refused · ${source} → ${target}`, [source, target], () => {
        const outcome = tryEncodeRequest(target, from(source, body))
        if (!outcome.ok) {
          expect(target).toBe('openai-completions')
          expect(outcome.error.code).toBe('unsupported_content')
        } else
          expect(wires[target].requests.view(outcome.value.sent.body).map(({ kind, value }) => [kind, value])).toEqual([
            ['text', 'What is it?'],
            ['image', `data:image/png;base64,${pixel}`],
          ])
      })
  check('T21 · a list of texts is all of them', ['openai-chat', 'anthropic-messages'], () => {
    const content = ['a', 'b', 'c'].map((entry) => ({ type: 'text', text: entry }))
    for (const target of others('openai-chat')) {
      const { sent } = encodeRequest(target, from('openai-chat', { model: 'm', messages: [{ role: 'user', content }] }))
      const said = wires[target].requests.view(sent.body).map(({ value }) => text(value))
      expect(
        said
          .join('')
          .replaceAll(/[^abc]/g, '')
          .includes('abc'),
        target,
      ).toBe(true)
    }
  })

  for (const target of others('anthropic-messages').filter((id) => withTools.includes(id)))
    check(
      `T22 · an image in a result and a text beside it arrive · anthropic-messages → ${target}`,
      ['anthropic-messages', target],
      () => {
        const { sent, losses } = encodeRequest(target, from('anthropic-messages', imageInResult))
        const items = wires[target].requests.view(sent.body)
        expect(items.map(({ kind }) => kind).toSorted()).toEqual(
          ['image', 'text', 'text', 'tool-call', 'tool-call', 'tool-result', 'tool-result'].toSorted(),
        )
        expect(items.find(({ kind }) => kind === 'image')?.value).toBe(`data:image/png;base64,${pixel}`)
        expect(items.at(-1)?.value).toBe('and now?')
        // Where the wire has no place for it inside the result, it stands behind all results, and the loss says so.
        const moved = items.find(({ kind }) => kind === 'image')?.inResult === undefined
        expect(covers(losses, 'messages[2].content[0].content[1]')).toBe(moved)
        expect(wires[target].requests.problems(sent.body)).toEqual([])
      },
    )

  check('T23 · betas reach a provider of the same wire verbatim', ['anthropic-messages'], async () => {
    const betas = 'claude-code-20250219,context-management-2025-06-27,effort-2025-11-24'
    const app = gateway(() => jsonAnswer({ type: 'error', error: { type: 'x', message: 'x' } }, 400))
    await app.request('/v1/messages?beta=true', {
      json: { ...cached, model: 'messages' },
      headers: { 'anthropic-beta': betas, 'anthropic-version': '2026-10-21' },
    })
    expect(app.sent[0]?.headers).toMatchObject({ 'anthropic-beta': betas, 'anthropic-version': '2026-10-21' })
    expect(sentBody(app)['system']).toEqual(cached['system'])
  })
  check('T23 · betas go to no other wire', ['anthropic-messages', 'openai-chat'], async () => {
    const app = gateway(() => jsonAnswer({ error: { message: 'x' } }, 400))
    await app.request('/v1/messages', { json: { ...cached, model: 'chat' }, headers: { 'anthropic-beta': 'x-1' } })
    expect(Object.keys(app.sent[0]?.headers ?? {})).not.toContain('anthropic-beta')
  })
  check('T23 · Vertex gets the betas that it knows', ['anthropic-messages'], async () => {
    const known = 'interleaved-thinking-2025-05-14,context-management-2025-06-27'
    const app = createTestApp({
      config: {
        credentials: { token: { type: 'api_key', env: 'TOKEN' } },
        providers: { v: { type: 'vertex', project: 'my-project', accounts: [{ id: 'a', credential: 'token' }] } },
        routes: { messages: { targets: [{ provider: 'v', model: 'claude-sonnet-4-5' }] } },
        storage: { kind: 'memory' },
      },
      upstream: () => jsonAnswer({ type: 'error', error: { type: 'x', message: 'x' } }, 400),
      env: { TOKEN: 'test-token' },
    })
    const gated = { mcp_servers: [], context_management: { edits: [] } }
    await app.request('/v1/messages?beta=true', {
      json: { ...cached, ...gated, model: 'messages' },
      headers: { 'anthropic-beta': `claude-code-20250219,${known},mcp-client-2025-11-20,fast-mode-2026-02-01` },
    })
    expect(app.sent[0]?.headers['anthropic-beta']).toBe(known)
    const sent = sentBody(app)
    expect(sent).toMatchObject({ anthropic_version: 'vertex-2023-10-16', context_management: { edits: [] } })
    expect(Object.keys(sent)).not.toContain('mcp_servers')
    expect(Object.keys(sent)).not.toContain('model')
    expect(sent['system']).toEqual(cached['system'])
  })

  const formats: Readonly<Partial<Record<GenerativeId, Json>>> = {
    'openai-chat': { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } } },
    'openai-responses': { text: { format: { type: 'json_schema', name: 'answer', schema, strict: true } } },
    'anthropic-messages': { output_config: { format: { type: 'json_schema', schema } } },
    gemini: { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema } },
  }
  for (const [source, members] of Object.entries(formats) as [GenerativeId, Json][])
    for (const target of others(source))
      check(`T24 · an answer's schema arrives, or is refused · ${source} → ${target}`, [source, target], () => {
        const { [source]: plain = {} } = withImage
        const outcome = tryEncodeRequest(target, from(source, { ...textOnly(plain), ...members }))
        if (!outcome.ok) expect(target).toBe('openai-completions')
        else expect(wires[target].requests.intent(outcome.value.sent.body).format).toMatchObject(plainOf(schema))
      })
  check('T24 · Anthropic gets it as output_config.format', ['openai-chat', 'anthropic-messages'], () => {
    const { [`openai-chat`]: plain = {} } = withImage
    const { sent } = encodeRequest('anthropic-messages', from('openai-chat', { ...plain, ...formats['openai-chat'] }))
    expect(record(sent.body['output_config'])['format']).toEqual({ type: 'json_schema', schema })
  })
})

/** A closed object is said on some wires only. */
function plainOf({ additionalProperties: _closed, ...rest }: Json): Json {
  return rest
}

/** The same request without its image, which completions refuse for its own sake. */
function textOnly(body: Json): Json {
  const bare = (parts: unknown): unknown => list(parts).slice(0, 1)
  const key = ['messages', 'input', 'contents'].find((name) => name in body) ?? ''
  const [first] = list(body[key]).map(record)
  const inner = first !== undefined && 'parts' in first ? 'parts' : 'content'
  return { ...body, [key]: [{ ...first, [inner]: bare(first?.[inner]) }] }
}
