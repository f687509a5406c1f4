// Field bugs D: usage inside streams. Each name begins with the number of its case.
import { expect } from 'vitest'
import type { GenerativeId } from '../../../src/dialects/index.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { streamAnswer } from '../../support/app.ts'
import { number, parse, record, type Json } from '../../support/json.ts'
import { dialectIds } from '../harness.ts'
import { anthropicStream, chatChunk, chatStream, frame, geminiStream } from '../scripts.ts'
import { fieldCases, gateway, sentBody, sse, translated } from './cases.ts'

const counted = { prompt_tokens: 4321, completion_tokens: 7, total_tokens: 4328 }

function eventOf(frames: readonly Frame[], type: string): Json {
  return record(frames.map((entry) => parse(entry.data)).find((event) => record(event)['type'] === type))
}

/** How a client asks each wire for a stream. */
const asks: Readonly<Record<'/v1/messages' | '/v1/chat/completions' | '/v1/responses', Json>> = {
  '/v1/messages': { max_tokens: 10, messages: [{ role: 'user', content: 'hi' }], stream: true },
  '/v1/chat/completions': { messages: [{ role: 'user', content: 'hi' }], stream: true },
  '/v1/responses': { input: 'hi', stream: true },
}

fieldCases('field bugs D', ({ check }) => {
  check(
    'T25 · message_start estimates the input, message_delta tells it',
    ['openai-chat', 'anthropic-messages'],
    () => {
      const frames = chatStream([{ content: 'Hello' }], 'stop', counted)
      const answer = translated('openai-chat', 'anthropic-messages', frames, { facts: { approxInputTokens: 4000 } })
      expect(record(record(eventOf(answer.frames, 'message_start')['message'])['usage'])['input_tokens']).toBe(4000)
      expect(eventOf(answer.frames, 'message_delta')['usage']).toMatchObject({ input_tokens: 4321, output_tokens: 7 })
    },
  )
  for (const source of ['gemini', 'bedrock-converse'] as const)
    check(`T25 · message_delta tells the input · ${source}`, [source, 'anthropic-messages'], () => {
      const frames =
        source === 'gemini'
          ? geminiStream([[{ text: 'Hel' }], [{ text: 'lo' }]])
          : [
              frame({ role: 'assistant' }, 'messageStart'),
              frame({ contentBlockIndex: 0, delta: { text: 'Hello' } }, 'contentBlockDelta'),
              frame({ contentBlockIndex: 0 }, 'contentBlockStop'),
              frame({ stopReason: 'end_turn' }, 'messageStop'),
              frame({ usage: { inputTokens: 9, outputTokens: 5, totalTokens: 14 }, metrics: {} }, 'metadata'),
            ]
      const answer = translated(source, 'anthropic-messages', frames)
      expect(eventOf(answer.frames, 'message_delta')['usage']).toMatchObject({ input_tokens: 9, output_tokens: 5 })
    })

  for (const target of dialectIds)
    check(
      `T26 · counters that grow with every chunk are not added up · openai-chat → ${target}`,
      ['openai-chat', target],
      () => {
        const growing = [1, 2, 3].map((completion) =>
          chatChunk({ content: 'x' }, null, {
            usage: { prompt_tokens: 100, completion_tokens: completion, total_tokens: 100 + completion },
          }),
        )
        const last = chatChunk({}, 'stop', { usage: { prompt_tokens: 100, completion_tokens: 3, total_tokens: 103 } })
        const { view } = translated('openai-chat', target, [
          chatChunk({ role: 'assistant' }),
          ...growing,
          last,
          { data: '[DONE]' },
        ])
        expect(view.usage).toMatchObject({ input: 100, output: 3 })
      },
    )
  check('T26 · more input than any model reads is not passed on', ['openai-chat', 'anthropic-messages'], async () => {
    const invented = { prompt_tokens: 675_947_905, completion_tokens: 7, total_tokens: 675_947_912 }
    const app = gateway(() => streamAnswer(sse(chatStream([{ content: 'Hello' }], 'stop', invented))))
    const response = await app.request('/v1/messages', { json: { ...asks['/v1/messages'], model: 'chat' } })
    const written = await response.text()
    expect(written).toContain('message_stop')
    expect(written).not.toContain('675947905')
    const [, input] = /"input_tokens":(\d+)[^]*message_stop/.exec(written) ?? []
    expect(Number(input)).toBeLessThan(1000)
  })

  const placed: readonly { readonly name: string; readonly frames: readonly Frame[] }[] = [
    { name: 'on a chunk without choices', frames: chatStream([{ content: 'Hello' }], 'stop', counted) },
    {
      name: 'on the chunk with the finish',
      frames: [
        chatChunk({ role: 'assistant', content: 'Hello' }),
        chatChunk({}, 'stop', { usage: counted }),
        { data: '[DONE]' },
      ],
    },
    {
      name: 'behind a finish that is said twice',
      frames: [
        chatChunk({ role: 'assistant', content: 'Hello' }),
        chatChunk({}, 'stop'),
        chatChunk({}, 'stop', { usage: counted }),
        { data: '[DONE]' },
      ],
    },
    {
      name: 'on a last choice without delta',
      frames: [
        chatChunk({ role: 'assistant', content: 'Hello' }),
        frame({
          id: 'chatcmpl-1',
          object: 'chat.completion.chunk',
          created: 1,
          model: 'up',
          choices: [{ index: 0, finish_reason: 'stop' }],
          usage: counted,
        }),
        { data: '[DONE]' },
      ],
    },
  ]
  for (const target of dialectIds.filter((id) => id !== 'openai-chat'))
    for (const { name, frames } of placed)
      check(`T27 · usage ${name} is read · openai-chat → ${target}`, ['openai-chat', target], () => {
        const { view, problems } = translated('openai-chat', target, frames)
        expect(problems).toEqual([])
        expect(view).toMatchObject({ text: 'Hello', saidFinish: 'stop', usage: { input: 4321, output: 7 } })
      })

  for (const [path, body] of Object.entries(asks))
    check(`T27 · usage is asked for where the client did not · ${path} → openai-chat`, needs(path), async () => {
      const app = gateway(() => streamAnswer(sse(chatStream([{ content: 'Hello' }], 'stop', counted))))
      const written = await (await app.request(path, { json: { ...body, model: 'chat' } })).text()
      expect(sentBody(app)['stream_options']).toEqual({ include_usage: true })
      // A Chat client that did not ask is not told; everybody else always is.
      expect(written.includes('4321')).toBe(path !== '/v1/chat/completions')
      expect(app.traces).toMatchObject([{ inputTokens: 4321, usageEvidence: 'reported' }])
    })
  check('T27 · a Chat client that asks is told', ['anthropic-messages', 'openai-chat'], async () => {
    const app = gateway(() => streamAnswer(sse(anthropicStream([{ type: 'text', text: 'Hello' }]))))
    const asked = { ...asks['/v1/chat/completions'], model: 'messages', stream_options: { include_usage: true } }
    const written = await (await app.request('/v1/chat/completions', { json: asked })).text()
    const last = record(parse(written.split('\n\n').at(-3)?.replace('data: ', '') ?? ''))
    expect(last).toMatchObject({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 5 } })
    expect(number(record(last['usage'])['total_tokens'])).toBe(14)
  })
})

function needs(path: string): [GenerativeId, GenerativeId] {
  if (path === '/v1/responses') return ['openai-responses', 'openai-chat']
  return [path === '/v1/messages' ? 'anthropic-messages' : 'openai-chat', 'openai-chat']
}
