// The grammar: what is no legal stream of this wire.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import { answer, frame } from './support.ts'

function rules(...chunks: unknown[]): string[] {
  const grammar = gemini.grammar?.()
  const found = [...chunks.map((chunk) => grammar?.step(frame(chunk))), grammar?.finish()]
  return found.flatMap((violation) => (violation === undefined ? [] : [violation.rule]))
}

const stop = { finishReason: 'STOP' }
const error = { error: { code: 500, status: 'INTERNAL', message: 'x' } }
const call = { functionCall: { name: 'f', args: {} } }

describe('a legal stream', () => {
  it.each<[string, unknown[]]>([
    ['text and an end', [answer([{ text: 'a' }]), answer([{ text: '' }], stop)]],
    ['an end without content', [answer([{ text: 'a' }]), { candidates: [{ ...stop, index: 0 }] }]],
    ['usage after the end', [answer([{ text: 'a' }], stop), { usageMetadata: {} }]],
    ['a blocked prompt', [{ promptFeedback: { blockReason: 'SAFETY' } }]],
    ['an error as its last word', [answer([{ text: 'a' }]), error]],
    ['an error alone', [error]],
    [
      'a server’s tool after an end',
      [answer([call], stop), answer([{ functionResponse: {} }]), answer([{ text: 'a' }], stop)],
    ],
    [
      'arguments in pieces',
      [answer([{ functionCall: { name: 'f', willContinue: true } }]), answer([{ functionCall: {} }], stop)],
    ],
    ['two candidates', [{ candidates: [{ index: 0, ...stop }] }, { candidates: [{ index: 1, ...stop }] }]],
  ])('may have %s', (_what, chunks) => {
    expect(rules(...chunks)).toEqual([])
  })
})

describe('a stream is illegal', () => {
  it.each<[string, unknown[], string]>([
    ['without a candidate', [{ usageMetadata: {} }], 'no-candidate'],
    ['without an end', [answer([{ text: 'a' }])], 'no-finish'],
    [
      'that goes on after its end',
      [answer([{ text: 'a' }], stop), answer([{ text: 'b' }], stop)],
      'candidate-after-finish',
    ],
    ['that ends twice', [answer([{ text: 'a' }], stop), answer([], stop)], 'candidate-after-finish'],
    ['that goes on after an error', [error, answer([{ text: 'a' }])], 'frame-after-end'],
    ['with another answer in it', [answer([{ text: 'a' }]), answer([], stop, { responseId: 'r2' })], 'head'],
    ['with a record of another wire', [{ object: 'chat.completion.chunk', choices: [] }], 'not-a-chunk'],
    ['with something that is no record', ['x'], 'not-a-chunk'],
    ['with candidates that are no list', [{ candidates: {} }], 'not-a-chunk'],
    ['with a candidate that is none', [{ candidates: ['x'] }], 'not-a-candidate'],
    ['with parts that are no list', [{ candidates: [{ content: { parts: {} } }] }], 'not-a-candidate'],
    ['with a part that is none', [answer(['x'])], 'not-a-part'],
    ['with a part of two contents', [answer([{ text: 'a', ...call }])], 'two-contents'],
    ['with a part of nothing', [answer([{}])], 'empty-part'],
    ['with a call without a name', [answer([{ functionCall: { args: {} } }])], 'call-name'],
    ['with arguments as text', [answer([{ functionCall: { name: 'f', args: '{}' } }])], 'call-args'],
    ['with a finish that is no word', [answer([], { finishReason: 1 })], 'finish-reason'],
    ['with an error that no SDK throws on', [{ error: { message: 'x' } }], 'not-an-error'],
  ])('%s', (_what, chunks, rule) => {
    expect(rules(...chunks)).toEqual([rule])
  })

  it('with a named event', () => {
    expect(gemini.grammar?.().step({ event: 'x', data: '{}' })).toMatchObject({ rule: 'event-name' })
  })
})
