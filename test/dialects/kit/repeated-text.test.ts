// A frame that repeats the one before but for its text is told by its ends; every other is left to be read.
import { describe, expect, it } from 'vitest'
import { createRepeatedText, type RepeatedText } from '../../../src/dialects/kit/repeated-text.ts'
import { isObject } from '../../../src/wire/json-parse.ts'

const find = (value: unknown): unknown => {
  const delta = isObject(value) ? value['delta'] : undefined
  return isObject(delta) ? delta['content'] : undefined
}
const frame = (content: string, members: object = {}): string =>
  JSON.stringify({ id: 'x', ...members, delta: { content }, end: null })

function learnt(data = frame('one'), text = 'one'): RepeatedText {
  const repeated = createRepeatedText('content')
  repeated.learn(data, text, find)
  return repeated
}

describe('a frame like the one before', () => {
  it.each(['two', ' ', 'grüße 🙂', 'a "quoted" \\ word', 'line\nbreak', '\u0000', '","content":"', '}}', '"'])(
    'gives its text: %j',
    (text) => {
      expect(learnt().textIn(frame(text))).toBe(text)
    },
  )

  it('may escape more than it has to, and put a space behind its colon', () => {
    const data = '{"delta": {"content": "one"}}'
    expect(learnt(data, 'one').textIn('{"delta": {"content": "\\u00e9\\/"}}')).toBe('é/')
  })

  it('is known by the right member where the name stands in it twice', () => {
    const first = '{"logprobs":{"content":"one"},"delta":{"content":"one"}}'
    // The text is looked for where the name stands first; that is another member, so nothing is learnt.
    expect(learnt(first, 'one').textIn(first.replace('"one"', '"two"'))).toBeUndefined()
    const last = '{"delta":{"content":"one"},"logprobs":{"content":"one"}}'
    expect(learnt(last, 'one').textIn(last.replace('"one"', '"two"'))).toBe('two')
  })
})

describe('another frame is not taken for one', () => {
  it.each([
    ['before anything was learnt', createRepeatedText('content'), frame('one')],
    ['with an empty text', learnt(), frame('')],
    ['with another id', learnt(), frame('two', { id: 'y' })],
    ['with one member more behind the text', learnt(), '{"id":"x","delta":{"content":"two","role":"a"},"end":null}'],
    ['with a text that is null', learnt(), '{"id":"x","delta":{"content":null},"end":null}'],
    ['that is cut off', learnt(), frame('two').slice(0, -1)],
    ['with a text that is cut off in an escape', learnt(), frame('two\\').replace('\\\\', '\\')],
    ['with half its ends', learnt(), '{"id":"x","delta":{"content":"},"end":null}'],
    ['with a raw line break in its text', learnt(), frame('two').replace('two', 'tw\no')],
  ])('%s', (_name, repeated, data) => {
    expect(repeated.textIn(data)).toBeUndefined()
  })

  it('after another kind of frame came between', () => {
    const repeated = learnt()
    repeated.forget()
    expect(repeated.textIn(frame('two'))).toBeUndefined()
  })
})

it('gives up on a stream whose frames never repeat', () => {
  const repeated = createRepeatedText('content')
  for (let count = 0; count < 20; count++) repeated.learn(frame('one', { noise: count }), 'one', find)
  expect(repeated.textIn(frame('two', { noise: 19 }))).toBeUndefined()
})
