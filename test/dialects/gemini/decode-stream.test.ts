// Chunks of this wire as canonical events. All chunks here are written for the test, after the wire's documentation.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import { answer, chunksOf, decodeFrames, encodeEvents, fold, frame, type Json } from './support.ts'

const stop = { finishReason: 'STOP' }
const events = (...chunks: unknown[]): IrEvent[] => decodeFrames(chunks.map(frame))
const partsOf = (...chunks: unknown[]) => fold(events(...chunks)).outputs[0]?.parts ?? []
const last = (...chunks: unknown[]) => events(...chunks).at(-1)
const call = (name: string, members: Json = {}): Json => ({ functionCall: { name, ...members } })

describe('a stream', () => {
  it('is a start, its parts, one finish and one end', () => {
    const list = events(answer([{ text: 'a' }]), answer([{ text: 'b' }], stop))
    expect(list.map(({ type }) => type)).toEqual([
      'response-start',
      'part-start',
      'text-delta',
      'text-delta',
      'part-end',
      'choice-finish',
      'response-end',
    ])
    expect(list[0]).toMatchObject({ id: 'r1', model: 'gemini-x' })
    expect(list[5]).toEqual({ type: 'choice-finish', choice: 0, finish: { class: 'stop', raw: 'STOP' } })
  })

  it('is cut off where no finish reason was seen, and says so once', () => {
    const decoder = gemini.streamDecoder()
    decoder.step(frame(answer([{ text: 'a' }])))
    expect(decoder.finish()).toMatchObject([{ type: 'error', error: { code: 'stream_truncated' } }])
    expect(decoder.finish()).toEqual([])
    expect(decoder.step(frame(answer([{ text: 'b' }], stop)))).toEqual([])
  })

  it('is cut off where a server’s own tool was still to be answered', () => {
    const result = { functionResponse: { name: 'f', response: {} } }
    const chunks = [answer([call('f')], stop), answer([result]), answer([{ text: 'a' }])]
    expect(last(...chunks)).toMatchObject({ type: 'error', error: { code: 'stream_truncated' } })
    expect(last(...chunks, answer([{ text: 'b' }], stop))).toEqual({ type: 'response-end' })
  })

  it('is whole where an empty chunk follows its finish', () => {
    expect(last(answer([{ text: 'a' }], stop), answer([{ text: '' }]))).toEqual({ type: 'response-end' })
  })

  it('of nothing at all is cut off', () => {
    expect(events()).toMatchObject([{ type: 'error', error: { code: 'stream_truncated' } }])
  })

  it('may fail in the middle, and then nothing else counts', () => {
    const error = { error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } }
    expect(events(answer([{ text: 'a' }]), error, answer([{ text: 'b' }], stop)).slice(-1)).toMatchObject([
      { type: 'error', error: { code: 'upstream_overloaded' } },
    ])
  })

  it('skips what is no chunk', () => {
    const decoder = gemini.streamDecoder()
    expect(decoder.step({ data: 'x' })).toMatchObject([{ type: 'event-skip', kind: 'malformed' }])
    expect(decoder.step({ data: '' })).toEqual([{ type: 'keep-alive' }])
  })

  it('whose prompt was blocked is complete and withheld', () => {
    const list = events({ promptFeedback: { blockReason: 'SAFETY' }, responseId: 'r' })
    expect(list.map(({ type }) => type)).toEqual(['response-start', 'choice-finish', 'response-end'])
    expect(list[1]).toMatchObject({ finish: { class: 'filter', raw: 'SAFETY' } })
  })

  it('may hold several candidates, each with its own end', () => {
    const two = (index: number, text: string, more: Json = {}) => ({
      candidates: [{ index, content: { parts: [{ text }] }, ...more }],
    })
    const { outputs } = fold(
      events(two(0, 'a'), two(1, 'b'), two(0, 'c', stop), two(1, 'd', { finishReason: 'MAX_TOKENS' })),
    )
    expect(outputs.map(({ parts, finish }) => [parts, finish?.class])).toEqual([
      [[{ type: 'text', text: 'ac' }], 'stop'],
      [[{ type: 'text', text: 'bd' }], 'length'],
    ])
    expect(last(two(0, 'a', stop), two(1, 'b'))).toMatchObject({ type: 'error' })
  })

  it('may spell its keys in snake case', () => {
    const chunk = {
      candidates: [
        { content: { parts: [{ function_call: { name: 'f' }, thought_signature: 's' }] }, finish_reason: 'STOP' },
      ],
      response_id: 'r9',
    }
    expect(fold(events(chunk))).toMatchObject({
      id: 'r9',
      outputs: [{ parts: [{ name: 'f', signature: 's' }], finish: { class: 'tool' } }],
    })
  })
})

describe('text and thoughts', () => {
  it('grow across chunks and change where their kind does', () => {
    const thought = (text: string) => ({ text, thought: true })
    const parts = partsOf(
      answer([thought('a')]),
      answer([thought('b'), { text: 'c' }]),
      answer([{ text: 'd' }]),
      answer([thought('e')], stop),
    )
    expect(parts).toEqual([
      { type: 'reasoning', text: 'ab' },
      { type: 'text', text: 'cd' },
      { type: 'reasoning', text: 'e' },
    ])
  })

  it('that are empty say nothing', () => {
    expect(partsOf(answer([{ text: '' }]), answer([{ text: 'a' }]), answer([{ text: '' }], stop))).toEqual([
      { type: 'text', text: 'a' },
    ])
  })

  it('get the signature of an empty part that follows them', () => {
    expect(partsOf(answer([{ text: 'a' }]), answer([{ text: '', thoughtSignature: 's' }], stop))).toEqual([
      { type: 'text', text: 'a', signature: 's' },
    ])
  })

  it('keep a signature on an empty part that follows nothing of its kind', () => {
    const parts = partsOf(answer([call('f')]), answer([{ text: '', thoughtSignature: 's' }], stop))
    expect(parts[1]).toMatchObject({ type: 'text', text: '', signature: 's' })
  })

  it('never run into a part that is signed', () => {
    const parts = partsOf(
      answer([{ text: 'a' }]),
      answer([{ text: 'b', thoughtSignature: 's' }]),
      answer([{ text: 'c' }]),
      answer([{ text: '', thoughtSignature: 't' }]),
      answer([{ text: 'd' }], stop),
    )
    expect(parts.map((part) => (part.type === 'text' ? [part.text, part.signature] : part))).toEqual([
      ['a', undefined],
      ['b', 's'],
      ['c', 't'],
      ['d', undefined],
    ])
  })

  it('name their sources when the grounding comes with the last chunk', () => {
    const groundingMetadata = {
      groundingChunks: [{ web: { uri: 'https://a.example' } }],
      groundingSupports: [{ segment: { startIndex: 1, endIndex: 3 }, groundingChunkIndices: [0] }],
    }
    const last = [{ text: 'b' }, { text: '', thoughtSignature: 's' }]
    expect(partsOf(answer([{ text: 'aé' }]), answer(last, { ...stop, groundingMetadata }))).toMatchObject([
      { text: 'aéb', signature: 's', citations: [{ url: 'https://a.example', start: 1, end: 2 }] },
    ])
  })
})

describe('a call', () => {
  it('that comes whole is an opening and its arguments as a delta', () => {
    const list = events(answer([call('f', { id: 'x', args: { a: 1 } })], stop))
    expect(list.slice(1, 4)).toMatchObject([
      { type: 'part-start', opening: { type: 'tool-call', id: 'x', name: 'f' } },
      { type: 'tool-input-delta', text: '{"a":1}' },
      { type: 'part-end' },
    ])
  })

  it('without arguments has none', () => {
    expect(partsOf(answer([call('f')], stop))).toMatchObject([{ type: 'tool-call', input: '' }])
  })

  it('ends the answer as one, whatever the wire says', () => {
    expect(fold(events(answer([call('f')]), answer([{ text: '' }], stop))).outputs[0]?.finish).toEqual({
      class: 'tool',
      raw: 'STOP',
    })
  })

  it('is one of several by arrival, in one chunk or in several, with ids or without', () => {
    const ids = (...chunks: unknown[]) =>
      partsOf(...chunks).map((part) => (part.type === 'tool-call' ? `${part.id} ${part.name} ${part.input}` : part))
    const apart = ids(
      answer([call('f', { args: { a: 1 } })]),
      answer([call('f', { args: { a: 2 } })]),
      answer([], stop),
    )
    expect(apart).toEqual(['call_r1_0 f {"a":1}', 'call_r1_1 f {"a":2}'])
    expect(ids(answer([call('f', { args: { a: 1 } }), call('f', { args: { a: 2 } })], stop))).toEqual(apart)
    expect(ids(answer([call('f', { id: 'x' })]), answer([call('g', { id: 'y' })], stop))).toEqual(['x f ', 'y g '])
  })

  it('keeps its signature, and only its own', () => {
    const parts = partsOf(answer([{ ...call('f'), thoughtSignature: 's' }]), answer([call('g')], stop))
    expect(parts.map(({ signature }) => signature)).toEqual(['s', undefined])
  })

  describe('whose arguments come in pieces', () => {
    const piece = (jsonPath: string, members: Json): Json => ({ jsonPath, ...members })
    const grow = (...partialArgs: Json[]): Json => ({ functionCall: { partialArgs, willContinue: true } })
    const begin = { functionCall: { name: 'f', willContinue: true } }

    it('is put together, texts from their fragments', () => {
      const parts = partsOf(
        answer([begin]),
        answer([grow(piece('$.city', { stringValue: 'Bo', willContinue: true }))]),
        answer([grow(piece('$.city', { stringValue: 'ston' }), piece('$.days', { numberValue: 3 }))]),
        answer([grow(piece('$.a.b[1].c', { boolValue: true }), piece("$['x y']", { nullValue: 'NULL_VALUE' }))]),
        answer([{ functionCall: {} }]),
        answer([], stop),
      )
      expect(parts).toHaveLength(1)
      expect(JSON.parse(parts[0]?.type === 'tool-call' ? parts[0].input : '')).toEqual({
        city: 'Boston',
        days: 3,
        a: { b: [null, { c: true }] },
        'x y': null,
      })
    })

    it('is whole where the chunk that ends it never comes', () => {
      const { parts, finish } = fold(
        events(answer([begin]), answer([grow(piece('$.a[0]', { stringValue: 'x' }))]), answer([], stop)),
      ).outputs[0] ?? { parts: [] }
      expect(parts).toMatchObject([{ name: 'f', input: '{"a":["x"]}' }])
      expect(finish?.class).toBe('tool')
    })

    it('ends where the next call begins', () => {
      const parts = partsOf(
        answer([begin]),
        answer([grow(piece('$.a', { numberValue: 1 }))]),
        answer([call('g', { args: {} })]),
        answer([], stop),
      )
      expect(parts).toMatchObject([
        { name: 'f', input: '{"a":1}' },
        { name: 'g', input: '{}' },
      ])
    })

    it('is no usable call where the token limit cut a text of it', () => {
      const list = events(
        answer([begin]),
        answer([grow(piece('$.a', { stringValue: 'x', willContinue: true }))]),
        answer([], { finishReason: 'MAX_TOKENS' }),
      )
      expect(fold(list).outputs[0]?.finish?.class).toBe('length')
    })

    it('cannot be asked for a list without end, nor reach a prototype', () => {
      const parts = partsOf(
        answer([begin]),
        answer([grow(piece('$.a[99999999]', { numberValue: 1 }), piece('$.__proto__.x', { numberValue: 1 }))], stop),
      )
      expect(parts[0]).toMatchObject({ input: '{"a":[],"__proto__":{"x":1}}' })
      expect(({} as Json)['x']).toBeUndefined()
    })

    it('is skipped where nothing was opened', () => {
      expect(events(answer([grow(piece('$.a', { numberValue: 1 }))])).map(({ type }) => type)).toContain('event-skip')
    })
  })
})

describe('what has no canonical name', () => {
  it('travels whole as a part', () => {
    const code = { executableCode: { language: 'PYTHON', code: 'x' } }
    expect(partsOf(answer([{ ...code, thoughtSignature: 's' }], stop))).toMatchObject([
      { type: 'opaque', kind: 'executableCode', value: code, signature: 's' },
    ])
  })

  it('is told of the candidate and of the answer, and not again', () => {
    const around = { safetyRatings: [{ probability: 'LOW' }] }
    const list = events(
      answer([{ text: 'a' }], around, { turnToken: 't' }),
      answer([{ text: 'b' }], { ...around, ...stop }, { turnToken: 't' }),
    )
    expect(list.filter(({ type }) => type === 'extras-add')).toMatchObject([{ scope: 'choice', extras: around }])
    expect(list[0]).toMatchObject({ extras: { turnToken: 't' } })
  })
})

describe('usage', () => {
  const counts = (...records: unknown[]) =>
    fold(
      events(
        ...records.map((usageMetadata, at) =>
          answer([{ text: 'a' }], at === records.length - 1 ? stop : {}, { usageMetadata }),
        ),
      ),
    ).usage

  it('is cumulative, and the last word counts', () => {
    expect(
      counts(
        { promptTokenCount: 13, totalTokenCount: 13 },
        { promptTokenCount: 13, candidatesTokenCount: 23, thoughtsTokenCount: 308 },
        { promptTokenCount: 13, candidatesTokenCount: 30, thoughtsTokenCount: 308 },
      ),
    ).toMatchObject({ input: 13, output: 338, reasoning: 308 })
  })

  it('is not forgotten over a chunk that counts nothing', () => {
    expect(counts({ promptTokenCount: 4, candidatesTokenCount: 5 }, { trafficType: 'ON_DEMAND' })).toMatchObject({
      input: 4,
      output: 5,
      extras: { trafficType: 'ON_DEMAND' },
    })
  })

  it('goes to a client of the same wire as all chunks told it, also where the last one counts nothing', () => {
    const counted = answer([{ text: 'a' }], {}, { usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 5 } })
    const list = events(counted, answer([], stop, { usageMetadata: { trafficType: 'ON_DEMAND' } }))
    expect(chunksOf(encodeEvents(list).frames).at(-1)).toMatchObject({
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 5, trafficType: 'ON_DEMAND' },
    })
  })

  it('may begin with the kind of traffic alone', () => {
    const usage = counts({ trafficType: 'ON_DEMAND' })
    expect(usage).toMatchObject({ evidence: 'reported' })
    expect(usage).not.toHaveProperty('input')
  })
})
