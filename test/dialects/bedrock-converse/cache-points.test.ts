// Cache breakpoints of other wires: as many go out as came in, or the losses say which did not.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { IrRequest, Tool, Turn } from '../../../src/ir/request.ts'
import { list, record, type Json } from '../../support/json.ts'
import { assistant, call, claude, encodeForeign, nova, result, text, user } from './support.ts'

const cached = (value: string, at: string, ttl?: string): ContentPart =>
  text(value, { at, cache: ttl === undefined ? {} : { ttl } })
const tool = (name: string, cache?: object): Tool =>
  ({ type: 'function', name, at: name, ...(cache && { cache }) }) as Tool
const file = (mediaType: string, at: string, cache?: object): ContentPart =>
  ({
    type: 'file',
    at,
    source: { kind: 'base64', mediaType, data: 'aGk=' },
    name: at,
    ...(cache && { cache }),
  }) as ContentPart

function points(body: Json): number {
  return (JSON.stringify(body).match(/"cachePoint"/g) ?? []).length
}

function kinds(blocks: unknown): string[] {
  return list(blocks).map((block) => Object.keys(record(block))[0] ?? '')
}

function firstMessage(body: Json): unknown {
  return record(list(body['messages'])[0])['content']
}

describe('a cache breakpoint', () => {
  const everywhere: Partial<IrRequest> = {
    instructions: [cached('s', 's', '1h')],
    turns: [user(cached('a', 'a'), text('b'))],
    tools: [tool('f'), tool('g', {})],
  }

  it('stands behind what it was on, in system, messages and tools', () => {
    const { body, losses } = encodeForeign(everywhere)
    expect(body['system']).toEqual([{ text: 's' }, { cachePoint: { type: 'default', ttl: '1h' } }])
    expect(firstMessage(body)).toEqual([{ text: 'a' }, { cachePoint: { type: 'default' } }, { text: 'b' }])
    expect(kinds(record(body['toolConfig'])['tools'])).toEqual(['toolSpec', 'toolSpec', 'cachePoint'])
    expect(losses).toEqual([])
  })

  it.each([
    [
      'Nova, which takes none in tools and no lifetime',
      nova,
      2,
      ['approximated s.cache_control.ttl', 'dropped g.cache_control'],
    ],
    [
      'a model that does not cache',
      'mistral.mistral-large-2402-v1:0',
      0,
      ['dropped s.cache_control', 'dropped a.cache_control', 'dropped g.cache_control'],
    ],
    [
      'an older Claude, which takes no lifetime',
      'anthropic.claude-3-7-sonnet-20250219-v1:0',
      3,
      ['approximated s.cache_control.ttl'],
    ],
    [
      'an ARN that does not say what is behind it',
      'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc',
      3,
      ['approximated s.cache_control.ttl'],
    ],
  ])('of %s', (_who, model, count, losses) => {
    const encoded = encodeForeign(everywhere, model)
    expect(points(encoded.body)).toBe(count)
    expect(encoded.losses).toEqual(losses)
  })

  it.each(['5m', '1h'])('keeps a lifetime of %s for Claude, and no other', (ttl) => {
    expect(encodeForeign({ turns: [user(cached('a', 'a', ttl))] }).losses).toEqual([])
    const odd = encodeForeign({ turns: [user(cached('a', 'a', '2d'))] })
    expect(points(odd.body)).toBe(1)
    expect(odd.losses).toEqual(['approximated a.cache_control.ttl'])
  })

  it('inside a tool result goes behind it', () => {
    const parts = [cached('1', 'x'), cached('2', 'y')]
    const turns: Turn[] = [user(text('go')), assistant(call('a')), user(result('a', ...parts), text('z'))]
    const { body, losses } = encodeForeign({ turns, tools: [tool('f')] })
    expect(kinds(record(list(body['messages'])[2])['content'])).toEqual(['toolResult', 'cachePoint', 'text'])
    expect(losses).toEqual(['dropped x.cache_control'])
  })

  it('travels with a result that moves to the front', () => {
    const turns: Turn[] = [
      user(text('go')),
      assistant(call('a')),
      user(text('z'), { ...result('a', text('1')), cache: {} }),
    ]
    const { body } = encodeForeign({ turns, tools: [tool('f')] })
    expect(kinds(record(list(body['messages'])[2])['content'])).toEqual(['toolResult', 'cachePoint', 'text'])
  })

  it('cannot stand behind reasoning', () => {
    const thought: ContentPart = { type: 'reasoning', text: 'hm', signature: 's', at: 'r', cache: {} }
    const { body, losses } = encodeForeign({ turns: [user(text('a')), assistant(thought, text('b')), user(text('c'))] })
    expect(points(body)).toBe(0)
    expect(losses).toEqual(['dropped r.cache_control'])
  })

  it('goes with the part that it was on', () => {
    const { body, losses } = encodeForeign({ turns: [user(text('', { at: 'e', cache: {} }), text('a'))] })
    expect(points(body)).toBe(0)
    expect(losses).toEqual(['dropped e.cache_control'])
  })

  it('stands behind a PDF, and before documents of other types', () => {
    const pdf = encodeForeign({ turns: [user(text('a'), file('application/pdf', 'p', {}))] })
    expect(kinds(firstMessage(pdf.body))).toEqual(['text', 'document', 'cachePoint'])
    expect(pdf.losses).toEqual([])
    const plain = encodeForeign({
      turns: [user(text('a'), file('text/csv', 'p'), file('text/csv', 'q', {}), text('b'))],
    })
    expect(kinds(firstMessage(plain.body))).toEqual(['text', 'cachePoint', 'document', 'document', 'text'])
    expect(plain.losses).toEqual(['approximated q.cache_control'])
    const first = encodeForeign({ turns: [user(file('text/csv', 'p', {}), text('b'))] })
    expect(points(first.body)).toBe(0)
    expect(first.losses).toEqual(['dropped p.cache_control'])
  })

  it('is one of four at most: the last ones stay', () => {
    const { body, losses } = encodeForeign({
      instructions: [cached('s', 's')],
      turns: [user(cached('a', 'a'), cached('b', 'b')), assistant(text('x')), user(cached('c', 'c'))],
      tools: [tool('f', {})],
    })
    expect(points(body)).toBe(4)
    expect(kinds(record(body['toolConfig'])['tools'])).toEqual(['toolSpec'])
    expect(losses).toEqual(['dropped f.cache_control'])
  })

  it('is never lost in silence', () => {
    const parts = fc.array(
      fc.record({
        text: fc.constantFrom('', ' ', 'a'),
        cache: fc.boolean(),
        pdf: fc.constantFrom('none', 'pdf', 'csv'),
      }),
      { minLength: 1, maxLength: 7 },
    )
    fc.assert(
      fc.property(parts, fc.constantFrom(claude, nova, 'meta.llama3-8b-instruct-v1:0'), (made, model) => {
        const content = made.map(({ text: value, cache, pdf }, index): ContentPart => {
          const hint = cache ? {} : undefined
          const at = `p${index}`
          if (pdf !== 'none') return file(pdf === 'pdf' ? 'application/pdf' : 'text/csv', at, hint)
          return text(value, { at, ...(hint && { cache: hint }) })
        })
        const { body, losses } = encodeForeign({ turns: [user(text('go'), ...content)] }, model)
        const dropped = losses.filter((loss) => loss.startsWith('dropped') && loss.endsWith('.cache_control'))
        expect(points(body) + dropped.length).toBe(made.filter(({ cache }) => cache).length)
      }),
      { numRuns: 200 },
    )
  })
})
