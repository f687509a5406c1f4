// The tap: what is learned of a stream that passes through unchanged.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import { answer, exchange, frame, type Json } from './support.ts'

function watch(...chunks: unknown[]) {
  const tap = gemini.streamTap(exchange)
  return { signals: chunks.map((chunk) => tap.step(frame(chunk)).type), report: tap.report(), tap }
}

const stop = { finishReason: 'STOP' }

describe('a signal', () => {
  it.each<[string, unknown, string]>([
    ['text', answer([{ text: 'a' }]), 'content'],
    ['a thought', answer([{ text: 'a', thought: true }]), 'content'],
    ['a call', answer([{ functionCall: { name: 'f' } }]), 'content'],
    ['a signature', answer([{ text: '', thoughtSignature: 's' }]), 'content'],
    ['code', answer([{ executableCode: {} }]), 'content'],
    ['an empty text', answer([{ text: '' }]), 'idle'],
    ['no parts', { candidates: [{ content: {}, finishReason: 'SAFETY' }] }, 'idle'],
    ['usage alone', { usageMetadata: { promptTokenCount: 1 } }, 'idle'],
    ['a blocked prompt', { promptFeedback: { blockReason: 'SAFETY' } }, 'idle'],
    ['an error', { error: { code: 500, status: 'INTERNAL' } }, 'error'],
    ['no object', 'x', 'idle'],
  ])('of %s', (_what, chunk, type) => {
    expect(watch(chunk).signals).toEqual([type])
  })
})

describe('the report', () => {
  it('has names, the last counts and the finish that the content bears out', () => {
    const call = { functionCall: { name: 'f' } }
    const { report } = watch(
      answer([call], {}, { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 1 } }),
      answer([], stop, { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 7 } }),
    )
    expect(report).toMatchObject({
      complete: true,
      id: 'r1',
      model: 'gemini-x',
      finish: { class: 'tool', raw: 'STOP' },
      usage: { input: 5, output: 7 },
    })
  })

  it.each<[string, unknown[], boolean]>([
    ['nothing', [], false],
    ['text without an end', [answer([{ text: 'a' }])], false],
    ['text with an end', [answer([{ text: 'a' }]), answer([], stop)], true],
    ['a blocked prompt', [{ promptFeedback: { blockReason: 'OTHER' } }], true],
    ['an end that was none', [answer([{ text: 'a' }], stop), answer([{ text: 'b' }])], false],
    ['an empty chunk after the end', [answer([{ text: 'a' }], stop), answer([{ text: '' }])], true],
    ['usage after the end', [answer([{ text: 'a' }], stop), { usageMetadata: {} }], true],
    ['an error after the end', [answer([{ text: 'a' }], stop), { error: { code: 500 } }], false],
    [
      'one of two candidates',
      [
        {
          candidates: [
            { index: 0, ...stop },
            { index: 1, content: { parts: [{ text: 'a' }] } },
          ],
        },
      ],
      false,
    ],
  ])('says whether the answer is whole: %s', (_what, chunks, complete) => {
    expect(watch(...chunks).report.complete).toBe(complete)
  })

  it('never adds a terminal, as the wire has none', () => {
    expect(watch(answer([{ text: 'a' }], stop)).tap.closing()).toEqual([])
  })
})

describe('skimming', () => {
  const chunk = (more: Json = {}): string => `data: ${JSON.stringify(answer([{ text: 'a' }], {}, more))}\n\n`

  it('waits until the answer is in full flow', () => {
    expect(gemini.streamTap(exchange).skim(chunk())).toBeUndefined()
    expect(watch(answer([{ text: 'a' }])).tap.skim(chunk())).toBe(true)
  })

  it.each<[string, string]>([
    ['usage', chunk({ usageMetadata: {} })],
    ['a finish', JSON.stringify(answer([{ text: 'a' }], stop))],
    ['a finish in snake case', '{"finish_reason":"STOP"}'],
    ['an error', '{"error":{}}'],
    ['a block', '{"promptFeedback":{}}'],
    ['a call', '{"functionCall":{}}'],
  ])('never passes over %s', (_what, text) => {
    expect(watch(answer([{ text: 'a' }])).tap.skim(text)).toBe(false)
  })
})
