// Whole answers: of this wire in canonical words and back, and answers of other wires on this one.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { Finish, IrResponse } from '../../../src/ir/response.ts'
import { answer, errorOf, exchange, jsonOf, told, unknownKeys, valueOf, type Json } from './support.ts'

const decode = (body: unknown) => valueOf(gemini.decodeResponse(body))
const inspect = (body: unknown) => valueOf(gemini.inspectResponse(body))
const call = { functionCall: { name: 'f', args: { a: 1 } } }

function encode(response: Partial<IrResponse>) {
  const { body, losses } = gemini.encodeResponse({ source: 'openai-chat', outputs: [], ...response }, exchange)
  const json = jsonOf(body)
  expect(unknownKeys('GenerateContentResponse', json)).toEqual([])
  return { body: json, losses: told(losses) }
}

const foreign = (parts: readonly ContentPart[], finish: Finish = { class: 'stop' }, more: Partial<IrResponse> = {}) =>
  encode({ outputs: [{ index: 0, parts, finish }], ...more })
const candidate = ({ body }: { body: Json }) => (body['candidates'] as Json[])[0]

describe('an answer of this wire', () => {
  it('is decoded with its names, its time and its usage', () => {
    const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 }
    const body = answer(
      [{ text: 'hi' }],
      { finishReason: 'STOP' },
      { usageMetadata, createTime: '2026-03-12T18:06:34.881582Z' },
    )
    expect(decode(body)).toMatchObject({
      source: 'gemini',
      id: 'r1',
      model: 'gemini-x',
      created: 1_773_338_794,
      outputs: [{ index: 0, parts: [{ type: 'text', text: 'hi' }], finish: { class: 'stop', raw: 'STOP' } }],
      usage: { input: 5, output: 2 },
    })
    expect(inspect(body)).toMatchObject({ complete: true, id: 'r1', model: 'gemini-x', finish: { raw: 'STOP' } })
  })

  it.each<[string, Json[], string, string]>([
    ['STOP after a call', [call], 'STOP', 'tool'],
    ['STOP without one', [{ text: 'a' }], 'STOP', 'stop'],
    ['MAX_TOKENS', [{ text: 'a' }], 'MAX_TOKENS', 'length'],
    ['SAFETY', [], 'SAFETY', 'filter'],
    ['RECITATION', [], 'RECITATION', 'filter'],
    ['MODEL_ARMOR', [], 'MODEL_ARMOR', 'filter'],
    ['MALFORMED_FUNCTION_CALL', [], 'MALFORMED_FUNCTION_CALL', 'other'],
    ['OTHER after a call', [call], 'OTHER', 'tool'],
    ['something new', [{ text: 'a' }], 'BRAND_NEW', 'other'],
  ])('ends with %s', (_what, parts, finishReason, expected) => {
    const body = answer(parts, { finishReason })
    expect(decode(body).outputs[0]?.finish).toEqual({ class: expected, raw: finishReason })
    expect(inspect(body).finish).toEqual({ class: expected, raw: finishReason })
  })

  it('has ids for its calls that are its own and always the same', () => {
    const ids = (body: Json) =>
      decode(body).outputs[0]?.parts.map((part) => (part.type === 'tool-call' ? part.id : undefined))
    const calls = [call, { functionCall: { name: 'g', id: 'own' } }, call]
    expect(ids(answer(calls))).toEqual(['call_r1_0', 'own', 'call_r1_1'])
    const unnamed = ids({ candidates: [{ content: { parts: [call] } }] })
    const other = ids({ candidates: [{ content: { parts: [{ functionCall: { name: 'f', args: { a: 2 } } }] } }] })
    expect(unnamed).toEqual(ids({ candidates: [{ content: { parts: [call] } }] }))
    expect(unnamed).not.toEqual(other)
    for (const id of [...(unnamed ?? []), ...(other ?? [])]) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,40}$/)
  })

  it('keeps signatures of every kind of part', () => {
    const parts = [
      { text: 'a', thought: true, thoughtSignature: '1' },
      { ...call, thoughtSignature: '2' },
      { executableCode: { code: 'x' }, thoughtSignature: '3' },
      { text: '', thoughtSignature: '4' },
    ]
    expect(decode(answer(parts)).outputs[0]?.parts.map(({ type, signature }) => `${type} ${signature}`)).toEqual([
      'reasoning 1',
      'tool-call 2',
      'opaque 3',
      'text 4',
    ])
  })

  it('may be withheld, without parts or without content', () => {
    for (const content of [{ content: {} }, {}]) {
      const body = { candidates: [{ ...content, finishReason: 'SAFETY' }] }
      expect(decode(body).outputs).toMatchObject([{ parts: [], finish: { class: 'filter' } }])
      expect(jsonOf(gemini.encodeResponse(decode(body), exchange).body)).toEqual(body)
    }
  })

  it('may never begin, as the prompt was blocked', () => {
    const body = { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 3 } }
    expect(decode(body).outputs).toMatchObject([{ parts: [], finish: { class: 'filter', raw: 'PROHIBITED_CONTENT' } }])
    expect(inspect(body)).toMatchObject({ complete: true, finish: { class: 'filter' } })
    expect(jsonOf(gemini.encodeResponse(decode(body), exchange).body)).toEqual(body)
  })

  it('may be several', () => {
    const candidates = [
      { content: { parts: [{ text: 'a' }] }, finishReason: 'STOP' },
      { content: { parts: [{ text: 'b' }] }, finishReason: 'MAX_TOKENS', index: 1 },
    ]
    expect(decode({ candidates }).outputs.map(({ index, finish }) => [index, finish?.class])).toEqual([
      [0, 'stop'],
      [1, 'length'],
    ])
  })

  it('may come as a list of one', () => {
    expect(decode([answer([{ text: 'a' }])]).outputs).toHaveLength(1)
  })

  it.each<[string, unknown, string]>([
    ['nothing', {}, 'upstream_empty'],
    ['no candidate', { candidates: [], usageMetadata: {} }, 'upstream_empty'],
    ['an error', { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'x' } }, 'upstream_rate_limited'],
    ['no object', 'x', 'upstream_bad_content'],
    ['a part that is none', answer(['x']), 'upstream_bad_content'],
  ])('is none where there is %s', (_what, body, code) => {
    expect(errorOf(gemini.decodeResponse(body)).code).toBe(code)
  })

  it('names its sources where the text has them, in UTF-16', () => {
    const text = 'Zürich: 🙂 ja'
    const groundingMetadata = {
      groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }, { retrievedContext: { title: 'B' } }],
      groundingSupports: [
        { segment: { endIndex: 7, text: 'Zürich' }, groundingChunkIndices: [0, 1] },
        { segment: { startIndex: 14, endIndex: 16, text: 'ja' }, groundingChunkIndices: [0, 9] },
      ],
      webSearchQueries: ['q'],
    }
    const body = answer([{ text }], { groundingMetadata })
    const [part] = decode(body).outputs[0]?.parts ?? []
    expect(part).toMatchObject({
      citations: [
        { url: 'https://a.example', title: 'A', citedText: 'Zürich', start: 0, end: 6 },
        { title: 'B', citedText: 'Zürich', start: 0, end: 6 },
        { url: 'https://a.example', start: text.indexOf('ja'), end: text.length },
      ],
    })
    expect(jsonOf(gemini.encodeResponse(decode(body), exchange).body)).toEqual(body)
  })
})

describe('an answer of another wire', () => {
  it('has the names of the exchange where it brings none', () => {
    expect(foreign([{ type: 'text', text: 'hi' }]).body).toEqual({
      candidates: [{ content: { parts: [{ text: 'hi' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
      modelVersion: 'model-of-the-target',
      responseId: 'req_1',
    })
    expect(foreign([], { class: 'stop' }, { id: 'i', model: 'm' }).body).toMatchObject({
      modelVersion: 'm',
      responseId: 'i',
    })
  })

  it('has its parts in this wire’s words', () => {
    const parts: ContentPart[] = [
      { type: 'reasoning', text: 'r', signature: 's' },
      { type: 'text', text: '' },
      { type: 'text', text: 't' },
      { type: 'tool-call', id: 'call_1', name: 'f', input: '{"a":1}' },
      { type: 'tool-call', id: 'call_2', name: 'g', input: '' },
    ]
    const encoded = foreign(parts, { class: 'tool', raw: 'tool_calls' })
    expect(candidate(encoded)).toEqual({
      content: {
        parts: [
          { text: 'r', thought: true, thoughtSignature: 's' },
          { text: 't' },
          { functionCall: { id: 'call_1', name: 'f', args: { a: 1 } } },
          { functionCall: { id: 'call_2', name: 'g', args: {} } },
        ],
        role: 'model',
      },
      finishReason: 'STOP',
      index: 0,
    })
    expect(encoded.losses).toEqual([])
  })

  it.each<[Finish, string, string[]]>([
    [{ class: 'stop', raw: 'stop' }, 'STOP', []],
    [{ class: 'length' }, 'MAX_TOKENS', []],
    [{ class: 'filter' }, 'SAFETY', []],
    [{ class: 'other' }, 'OTHER', []],
    [{ class: 'pause' }, 'STOP', ['approximated choices[0].finish_reason']],
    [{ class: 'stop', stopSequence: 'x' }, 'STOP', ['dropped choices[0].stop_reason']],
  ])('ends as %j', (finish, finishReason, losses) => {
    const encoded = foreign([{ type: 'text', text: 'a' }], finish)
    expect(candidate(encoded)).toMatchObject({ finishReason })
    expect(encoded.losses).toEqual(losses)
  })

  it('loses what the wire has no place for', () => {
    const parts: ContentPart[] = [
      { type: 'opaque', kind: 'server_tool_use', value: {}, at: 'a' },
      { type: 'reasoning', text: '', redacted: 'x', at: 'b' },
      { type: 'tool-call', id: 'c', name: 'c', input: 'x', kind: 'custom' },
      { type: 'refusal', text: 'no' },
    ]
    const encoded = foreign(parts, { class: 'stop' }, { extras: { system_fingerprint: 'f' } })
    expect(encoded.losses).toEqual(['dropped system_fingerprint', 'dropped a', 'dropped b', 'dropped tool-call'])
    expect(candidate(encoded)).toMatchObject({ content: { parts: [{ text: 'no' }] } })
  })

  it('leaves out half a call where it was cut off, and is broken anywhere else', () => {
    const half: ContentPart = { type: 'tool-call', id: 'c', name: 'f', input: '{"a":' }
    expect(foreign([half], { class: 'length' }).losses).toEqual(['dropped tool-call'])
    expect(() => foreign([half], { class: 'tool' })).toThrow(expect.objectContaining({ code: 'upstream_bad_content' }))
  })

  it('tells its sources as grounding, in bytes', () => {
    const citation = { url: 'https://a.example', title: 'A', value: {} }
    const encoded = foreign([
      { type: 'text', text: 'x' },
      {
        type: 'text',
        text: 'Zürich ja',
        citations: [{ ...citation, start: 7, end: 9 }, { ...citation, start: 0, end: 6 }, { value: {} }],
      },
    ])
    expect(candidate(encoded)).toMatchObject({
      groundingMetadata: {
        groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }],
        groundingSupports: [
          { segment: { partIndex: 1, startIndex: 8, endIndex: 10, text: 'ja' }, groundingChunkIndices: [0] },
          { segment: { partIndex: 1, endIndex: 7, text: 'Zürich' }, groundingChunkIndices: [0] },
        ],
      },
    })
    expect(encoded.losses).toEqual(['dropped annotations'])
    const back = decode(encoded.body).outputs[0]?.parts[1]
    expect(back).toMatchObject({
      citations: [
        { start: 7, end: 9 },
        { start: 0, end: 6 },
      ],
    })
  })
})
