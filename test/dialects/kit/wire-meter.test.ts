import { describe, expect, it } from 'vitest'
import { createWireMeter, type WireMeter } from '../../../src/dialects/kit/wire-meter.ts'

const chat = {
  strings: 'content|reasoning|arguments|text',
  calls: '"function"\\s*:\\s*\\{\\s*"name"\\s*:\\s*"',
  foreign: '"annotations"',
}

function chunk(delta: object): string {
  return JSON.stringify({ id: 'c', choices: [{ index: 0, delta }] })
}

function tokens(feed: (meter: WireMeter) => void): number | undefined {
  const meter = createWireMeter(chat)
  feed(meter)
  return meter.count()?.tokens
}

describe('a count by the bytes of a wire', () => {
  it.each([
    ['four ASCII characters to a token', [chunk({ content: 'x'.repeat(40) })], 10],
    ['1.4 others', [chunk({ content: '漢'.repeat(14) })], 10],
    ['of one character, a token', [chunk({ content: 'x' })], 1],
    ['an escape for the one character that it is', [chunk({ content: '\n'.repeat(20) + '"'.repeat(20) })], 10],
    ['an escaped unit for the one that it is', [`{"content":"${'\\u6f22'.repeat(14)}"}`], 10],
    ['an escaped ASCII character as ASCII', [`{"content":"${'\\u003c'.repeat(40)}"}`], 10],
    ['a member behind white space', [`{ "content" : "${'x'.repeat(40)}" }`], 10],
    ['whatever kind of text it is', ['content', 'reasoning', 'text'].map((key) => chunk({ [key]: 'x'.repeat(8) })), 6],
    ['the one member that is not empty', [chunk({ content: '', reasoning: 'x'.repeat(40) })], 10],
    ['one of two that say the same', [chunk({ reasoning: 'x'.repeat(40), details: [{ text: 'x'.repeat(40) }] })], 10],
    [
      'a name inside a text as text',
      [chunk({ content: '{"content":"'.padEnd(40) }), chunk({ content: 'x'.repeat(40) })],
      20,
    ],
    [
      'a call with what is around it, once',
      [
        chunk({ tool_calls: [{ function: { name: 'look', arguments: '' } }] }),
        chunk({ tool_calls: [{ function: { arguments: '{"a":123}xyz' } }] }),
        chunk({ tool_calls: [{ function: { arguments: '' } }] }),
      ],
      16 + 1 + 3,
    ],
    ['no pages that were searched', [chunk({ content: '', annotations: [{ content: 'x'.repeat(400) }] })], undefined],
    ['nothing where nothing is written', [chunk({ role: 'assistant', content: null }), '[DONE]', ''], undefined],
  ])('counts %s', (_what, events, expected) => {
    expect(tokens((meter) => events.forEach(meter.event))).toBe(expected)
    const framed = events.map((data) => `data: ${data}\n\n`).join('')
    expect(tokens((meter) => meter.events(framed))).toBe(expected)
  })

  it('takes every member where an event may hold several', () => {
    const meter = createWireMeter({ strings: 'text', several: true })
    meter.event(`{"parts":[{"text":"${'x'.repeat(20)}"},{"text":""},{"text":"${'x'.repeat(20)}"}]}`)
    expect(meter.count()?.tokens).toBe(10)
  })

  it('finds the data of events behind names, ids and comments, however they are mixed', () => {
    const said = chunk({ content: 'x'.repeat(20) })
    const text = [
      `data: ${said}\n\n`,
      ': ping\n\n',
      `event: message\ndata: ${said}\n\n`,
      `data:${said}\n\n`,
      'event: ping\n\n',
      `id: 7\nevent: message\ndata: ${said}\n\n`,
    ].join('')
    expect(tokens((meter) => meter.events(text))).toBe(20)
  })

  it('looks for no event behind its own end, where a short one stands before another', () => {
    const events = ['{"id":"1234567","content":"abcd"}', undefined, `{"text":"a","content":"${'x'.repeat(400)}"}`].map(
      (data) => (data === undefined ? ':p\n\n' : `data: ${data}\n\n`),
    )
    const oneByOne = tokens((meter) => events.forEach(meter.events))
    expect(oneByOne).toBe(1)
    expect(tokens((meter) => meter.events(events.join('')))).toBe(oneByOne)
  })

  it('knows whether something was written behind the provider’s last count', () => {
    const meter = createWireMeter(chat)
    meter.event(chunk({ content: 'hello' }))
    expect(meter.count()?.isBehind).toBe(true)
    meter.reported()
    meter.event(chunk({}))
    expect(meter.count()?.isBehind).toBe(false)
    meter.event(chunk({ content: 'more' }))
    expect(meter.count()?.isBehind).toBe(true)
  })

  it('takes time that grows with the length of a chunk and not with its square', () => {
    const events = (count: number): string => `data: {"ping":${'1'.repeat(20)}}\n\n`.repeat(count)
    const time = (text: string): number => {
      const started = performance.now()
      createWireMeter(chat).events(text)
      return performance.now() - started
    }
    const [short, long] = [events(2_000), events(64_000)]
    const least = (text: string): number => Math.min(...Array.from({ length: 5 }, () => time(text)))
    // A square would be a thousandfold.
    expect(least(long)).toBeLessThan(Math.max(least(short), 0.2) * 250)
  })
})
