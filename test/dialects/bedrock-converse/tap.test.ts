// The watch on a stream that passes through.
import { describe, expect, it } from 'vitest'
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { exchangeFrom, framesOf, type Json } from './support.ts'

type Event = readonly [name: string, payload: Json]

function watch(frames: readonly Frame[]) {
  const tap = bedrockConverse.streamTap(exchangeFrom('bedrock-converse'))
  return { signals: frames.map((frame) => tap.step(frame).type), report: tap.report(), closing: tap.closing(), tap }
}

const delta = (value: Json): Event => ['contentBlockDelta', { contentBlockIndex: 0, delta: value }]
const usage = { inputTokens: 3, outputTokens: 4, totalTokens: 7 }

describe('the tap', () => {
  it('tells content from what only frames it', () => {
    const { signals, report } = watch(
      framesOf([
        ['messageStart', { role: 'assistant' }],
        delta({ text: '' }),
        delta({ text: 'a' }),
        ['contentBlockStop', { contentBlockIndex: 0 }],
        ['contentBlockStart', { contentBlockIndex: 1, start: { toolUse: { toolUseId: 'a', name: 'f' } } }],
        delta({ toolUse: { input: '' } }),
        delta({ toolUse: { input: '{}' } }),
        delta({ reasoningContent: { signature: 's' } }),
        ['messageStop', { stopReason: 'end_turn' }],
        ['metadata', { usage }],
      ]),
    )
    expect(signals).toEqual(['idle', 'idle', 'content', 'idle', 'content', 'idle', 'content', 'content', 'idle', 'end'])
    expect(report).toMatchObject({
      complete: true,
      finish: { class: 'tool', raw: 'end_turn' },
      usage: { input: 3, output: 4 },
    })
  })

  it('takes a tool of the provider for no call', () => {
    const start: Event = [
      'contentBlockStart',
      { contentBlockIndex: 0, start: { toolUse: { toolUseId: 'a', name: 'f', type: 'server_tool_use' } } },
    ]
    const { report } = watch(framesOf([start, ['messageStop', { stopReason: 'tool_use' }]]))
    expect(report.finish?.class).toBe('stop')
  })

  it('knows a stream that is not complete', () => {
    expect(watch(framesOf([delta({ text: 'a' })])).report).toEqual({
      complete: false,
      count: { tokens: 1, isBehind: true },
    })
  })

  it('has nothing to add to a stream, and reads every frame of it', () => {
    const { closing, tap } = watch(framesOf([['messageStop', { stopReason: 'end_turn' }]]))
    expect(closing).toEqual([])
    expect(tap.skim('')).toBe(false)
  })

  it('sees an exception', () => {
    const { signals } = watch([{ kind: 'exception', event: 'throttlingException', data: '{"message":"m"}' }])
    expect(signals).toEqual(['error'])
  })
})
