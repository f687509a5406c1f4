// A stream that breaks off after its first content, and another target that goes on with it: the client gets the text
// once, or is told of the first failure.
import { describe, expect, it } from 'vitest'
import { claudeVersion } from '../../src/engine/repair/prefill.ts'
import type { IrEvent } from '../../src/ir/event.ts'
import type { FetchResponse } from '../../src/ports/index.ts'
import { encodeSse } from '../../src/wire/sse-encode.ts'
import { jsonAnswer } from '../support/app.ts'
import { framesOf, recordings } from '../support/corpus.ts'
import { sample } from '../support/full-run.ts'
import { decodeEmbedded as decodeHeard } from './repair-heard.ts'
import {
  answerOf,
  bytesOf,
  clientWires,
  createRepairScene,
  hear,
  providerWires,
  streamOf,
  type Behaviour,
  type ClientWire,
  type ProviderWire,
  type RepairScene,
  type Told,
} from './repair-scene.ts'

/** Recordings of one text and nothing else. */
const plainTexts: ReadonlySet<string> = new Set([
  'anthropic-messages/anthropic-claude-sonnet-4-0-stream.0.sse',
  'anthropic-messages/anthropic-prompt-with-prefill-and-stop-sequences.0.sse',
  'bedrock-converse/bedrock-nova-test-nova-converse-stream.0.eventstream.json',
  'openai-chat/azure-gpt-5-mini-tool-streaming.1.sse',
  'openai-chat/openai-completion-text.sse',
])

const pieces = ['The ', 'quick brown', ' fox', '\n\n', 'jumps. ', 'Über', ' 🦊', ' end']
const whole = pieces.join('')

/** The first target breaks behind so many events; the second goes on behind a prefill, or says it all. */
function breaking(at: number): Behaviour {
  return ({ name, wire, prefill }) => {
    if (name === 'first') return answerOf(wire, streamOf(wire, pieces).slice(0, at), 'break')
    const rest = prefill === undefined ? whole : whole.slice(prefill.length)
    return answerOf(wire, streamOf(wire, rest.match(/[^]{1,7}/gu) ?? []))
  }
}

const modes = ['continue', 'restart_if_prefix_matches'] as const

describe.each(clientWires)('a client of %s', (client) => {
  const table = providerWires.flatMap((second) => modes.map((mode) => [second, mode] as const))
  it.each(table)(
    'hears the whole text once, whatever %s goes on with and wherever it broke: %s',
    async (second, mode) => {
      for (const first of new Set<ProviderWire>([client, second])) await everywhere(client, first, second, mode)
    },
  )
})

async function everywhere(client: ClientWire, first: ProviderWire, second: ProviderWire, mode: (typeof modes)[number]) {
  const events = streamOf(first, pieces)
  for (const at of sample([...events.keys()].slice(1), 5)) {
    const scene = createRepairScene({
      mode,
      answer: breaking(at),
      targets: [
        { name: 'first', wire: first },
        { name: 'second', wire: second, prefill: true },
      ],
    })
    const heard = await hear(client, await scene.ask(client))
    const where = `${first} broke behind event ${at} of ${events.length}: ${heard.raw}`
    expect(heard.faults, where).toEqual([])
    if (heard.end === 'error') expect(hasFinished(first, at), where).toBe(true)
    else expect(heard.text, where).toBe(whole)
    expect(heard.starts, where).toBe(1)
  }
}

/** Whether the finish reason was among the events: there is nothing to go on with behind it. */
function hasFinished(wire: ProviderWire, at: number): boolean {
  return isFinish(streamOf(wire, pieces).slice(0, at))
}

function isFinish(told: readonly Uint8Array[]): boolean {
  const text = told.map((bytes) => new TextDecoder().decode(bytes)).join('')
  return /"(?:finish_reason|stop_reason|finishReason|stopReason)":\s*"|response\.completed/.test(text)
}

const anthropicEvent = (type: string, fields: object): Uint8Array =>
  encodeSse([{ event: type, data: JSON.stringify({ type, ...fields }) }])

const two = [
  { name: 'first', wire: 'anthropic-messages' as const },
  { name: 'second', wire: 'openai-chat' as const, prefill: false },
]

/** An answer of the first target that breaks behind these pieces of text. */
const brokenBehind = (texts: readonly string[], wire: ProviderWire = 'anthropic-messages'): Told => {
  const events = streamOf(wire, texts)
  const last = JSON.stringify(texts.at(-1))
  return events.slice(0, events.findLastIndex((bytes) => new TextDecoder().decode(bytes).includes(last)) + 1)
}

describe('a recorded stream', () => {
  const texts = recordings().filter(
    ({ role, status, stream, fidelity, file }) =>
      role === 'response' && status === 200 && stream && fidelity.startsWith('raw') && plainTexts.has(file),
  )
  it.skipIf(texts.length === 0).each(texts.map((recording) => [recording.file, recording] as const))(
    'is mended wherever it breaks: %s',
    async (_file, recording) => {
      const wire = recording.dialect as ProviderWire
      const frames = framesOf(recording)
      const told = bytesOf(wire, frames)
      const client = wire === 'bedrock-converse' ? 'openai-chat' : (wire as ClientWire)
      const full = await hear(client, await broken(client, wire, told, told.length).ask(client))
      expect(full.end).toBe('success')
      const places = sample([...told.keys()].slice(1), 8)
      for (const at of places) {
        const scene = broken(client, wire, told, at, full.text)
        const heard = await hear(client, await scene.ask(client))
        const where = `${at} of ${told.length}: ${heard.raw}`
        expect(heard.faults, where).toEqual([])
        if (heard.end === 'error') expect(isFinish(told.slice(0, at)), where).toBe(true)
        else expect(heard.text, where).toBe(full.text)
        expect(heard.starts, where).toBe(1)
      }
    },
  )

  function broken(client: ClientWire, wire: ProviderWire, told: Told, at: number, text = '') {
    return createRepairScene({
      targets: [
        { name: 'first', wire },
        { name: 'second', wire: client, prefill: false },
      ],
      answer: ({ name }) =>
        name === 'first'
          ? answerOf(wire, told.slice(0, at), at < told.length ? 'break' : 'close')
          : answerOf(client, streamOf(client, text.match(/[^]{1,9}/gu) ?? [])),
    })
  }
})

describe('an answer that breaks off', () => {
  it('is gone on with behind its text, white space at its end left out and swallowed once', async () => {
    const scene = createRepairScene({
      targets: [two[0]!, { name: 'second', wire: 'anthropic-messages', prefill: true }],
      answer: ({ name }) =>
        name === 'first'
          ? answerOf('anthropic-messages', brokenBehind(['One, ', 'two,\n ']), 'break')
          : answerOf('anthropic-messages', streamOf('anthropic-messages', ['\n', ' three.'])),
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages', { max_tokens: 50 }))
    expect(heard).toMatchObject({ text: 'One, two,\n three.', end: 'success', parts: 1, starts: 1, faults: [] })
    const [, second] = scene.asked
    expect(second?.prefill).toBe('One, two,')
    // Nine characters are some three tokens.
    expect(second?.body['max_tokens']).toBe(47)
    expect(second?.body['messages']).toHaveLength(2)
  })

  it('is gone on with in the turn that the client itself began', async () => {
    const scene = createRepairScene({
      targets: [two[0]!, { name: 'second', wire: 'anthropic-messages', prefill: true }],
      answer: ({ name }) =>
        name === 'first'
          ? answerOf('anthropic-messages', brokenBehind([' and one']), 'break')
          : answerOf('anthropic-messages', streamOf('anthropic-messages', [' is two.'])),
    })
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'One' },
    ]
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages', { messages }))
    expect(heard.text).toBe(' and one is two.')
    expect(scene.asked[1]?.prefill).toBe('One and one')
    expect(scene.asked[1]?.body['messages']).toHaveLength(2)
  })

  it('is asked for from its beginning where the continuation is refused, at the same target', async () => {
    const scene = createRepairScene({
      targets: [two[0]!, { name: 'second', wire: 'anthropic-messages', prefill: true }],
      answer({ name, prefill }) {
        if (name === 'first') return answerOf('anthropic-messages', brokenBehind(['One, ']), 'break')
        return prefill === undefined
          ? answerOf('anthropic-messages', streamOf('anthropic-messages', ['One', ', two.']))
          : jsonAnswer(
              { type: 'error', error: { type: 'invalid_request_error', message: 'no assistant message prefill' } },
              400,
            )
      },
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard).toMatchObject({ text: 'One, two.', end: 'success', parts: 1, faults: [] })
    expect(scene.asked.map(({ name, prefill }) => [name, prefill])).toEqual([
      ['first', undefined],
      ['second', 'One,'],
      ['second', undefined],
    ])
    expect(attemptsOf(scene)).toMatchObject([
      { target: 'first', error: 'stream_truncated' },
      { target: 'second', error: 'upstream_rejected', repaired: 'continue' },
      { target: 'second', error: null, repaired: 'restart' },
    ])
  })

  it.each([
    ['that says it once more', undefined, ['One, ', 'two.'], ['One,']],
    ['that goes on with what comes next', true, [' two.'], ['One,']],
    ['that was expected to say it once more', undefined, [' two.'], ['One,', undefined]],
  ] as const)('is gone on with behind a prefix by a vendor %s', async (_name, prefill, rest, asked) => {
    const vendor = prefill === undefined ? 'mistral' : 'deepseek'
    const scene = createRepairScene({
      targets: [
        { name: 'first', wire: 'anthropic-messages' },
        { name: 'second', wire: 'openai-chat', vendor, ...(prefill !== undefined && { prefill }) },
      ],
      answer: ({ name, wire, prefill: begun }) =>
        name === 'first'
          ? answerOf(wire, brokenBehind(['One, ']), 'break')
          : answerOf(wire, streamOf(wire, begun === undefined ? ['One, two.'] : rest)),
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard).toMatchObject({ text: 'One, two.', end: 'success', parts: 1, faults: [] })
    const calls = scene.asked.slice(1)
    expect(calls.map((call) => call.prefill)).toEqual(asked)
    const messages = calls[0]?.body['messages'] as Record<string, unknown>[]
    expect(messages.at(-1)).toEqual({ role: 'assistant', content: 'One,', prefix: true })
  })

  it('is told of as it broke where every other answer is another one', async () => {
    const scene = createRepairScene({
      mode: 'restart_if_prefix_matches',
      targets: [...two, { name: 'third', wire: 'gemini' }],
      answer({ name, wire }) {
        if (name === 'first') return answerOf(wire, brokenBehind(['One, two']), 'break')
        return answerOf(wire, streamOf(wire, name === 'second' ? ['One, ', 'three.'] : ['One']))
      },
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard).toMatchObject({ text: 'One, two', end: 'error', faults: [] })
    expect(heard.raw).toMatch(/broke before the answer was complete/)
    expect(heard.raw).not.toContain('message_stop')
    expect(scene.asked.map(({ name }) => name)).toEqual(['first', 'second', 'third'])
    expect(scene.test.traces).toMatchObject([{ outcome: 'truncated', errorCode: 'stream_truncated' }])
    expect(attemptsOf(scene).map(({ error }) => error)).toEqual(['stream_truncated', 'departed', 'departed'])
  })

  it('is another one where the next target calls a tool before it has said the same', async () => {
    const call: IrEvent[] = [
      { type: 'part-start', part: 5, choice: 0, opening: { type: 'tool-call', id: 'c', name: 'f' } },
      { type: 'tool-input-delta', part: 5, text: '{}' },
      { type: 'part-end', part: 5 },
    ]
    const scene = createRepairScene({
      mode: 'restart_if_prefix_matches',
      targets: two,
      answer: ({ name, wire }) =>
        name === 'first'
          ? answerOf(wire, brokenBehind(['One, ']), 'break')
          : answerOf(wire, streamOf(wire, ['One, two'], call)),
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard).toMatchObject({ text: 'One, ', end: 'error', parts: 1, faults: [] })
  })

  it('may go on with a tool, and without what was thought before it', async () => {
    const thought: IrEvent[] = [
      { type: 'part-start', part: 4, choice: 0, opening: { type: 'reasoning' } },
      { type: 'reasoning-delta', part: 4, text: 'hm' },
      { type: 'part-end', part: 4 },
    ]
    const scene = createRepairScene({
      mode: 'restart_if_prefix_matches',
      targets: two,
      answer({ name, wire }) {
        if (name === 'first') return answerOf(wire, brokenBehind(['One, ']), 'break')
        const said = streamOf(wire, ['One, two'], thought)
        const chunk = (delta: object, finish: string | null = null): Uint8Array =>
          encodeSse([{ data: JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: finish }] }) }])
        const call = { index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
        const until = said.findIndex((bytes) => new TextDecoder().decode(bytes).includes('two')) + 1
        return answerOf(wire, [...said.slice(0, until), chunk({ tool_calls: [call] }), chunk({}, 'tool_calls')])
      },
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard).toMatchObject({ text: 'One, two', end: 'success', parts: 2, faults: [] })
    expect(heard.finish?.class).toBe('tool')
    expect(heard.raw).not.toContain('thinking')
  })

  it('does not end as a shorter answer did that another target gave', async () => {
    const scene = createRepairScene({
      mode: 'restart_if_prefix_matches',
      targets: [{ name: 'first', wire: 'openai-chat' }, two[1]!, { name: 'third', wire: 'openai-chat' }],
      answer({ name, wire }) {
        if (name === 'first') return answerOf(wire, streamOf(wire, ['One, ', 'two']).slice(0, 3), 'break')
        if (name === 'third') return answerOf(wire, streamOf(wire, ['One, two.']))
        const short = streamOf(wire, ['One, ']).map((bytes) =>
          new TextEncoder().encode(new TextDecoder().decode(bytes).replace('"stop"', '"length"')),
        )
        return answerOf(wire, short)
      },
    })
    const heard = await hear('openai-chat', await scene.ask('openai-chat'))
    expect(heard).toMatchObject({ text: 'One, two.', end: 'success', faults: [] })
    expect(heard.raw).not.toContain('length')
    expect(attemptsOf(scene).map(({ error }) => error)).toEqual(['stream_truncated', 'departed', null])
  })

  it('is gone on with by a third target where the second breaks off as well', async () => {
    const scene = createRepairScene({
      targets: [two[0]!, { name: 'second', wire: 'openai-chat', prefill: true }, { name: 'third', wire: 'gemini' }],
      answer({ name, wire }) {
        if (name === 'first') return answerOf(wire, brokenBehind(['a', 'b']), 'break')
        if (name === 'second') return answerOf(wire, streamOf(wire, ['c', 'd', 'e']).slice(0, 3), 'break')
        return answerOf(wire, streamOf(wire, ['ab', 'cd', 'efg']))
      },
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard).toMatchObject({ text: 'abcdefg', end: 'success', parts: 1, starts: 1, faults: [] })
    expect(scene.asked[1]?.prefill).toBe('ab')
  })

  it('has the usage and the finish of the target that ended it, and its model from its start', async () => {
    const scene = createRepairScene({
      mode: 'restart_if_prefix_matches',
      targets: two,
      answer({ name, wire }) {
        if (name === 'second') return answerOf(wire, streamOf(wire, ['One']))
        const usage = { input_tokens: 70, cache_read_input_tokens: 900, output_tokens: 1 }
        const message = { id: 'm', type: 'message', role: 'assistant', model: 'first-model', content: [], usage }
        return answerOf(wire, [anthropicEvent('message_start', { message }), ...brokenBehind(['O']).slice(1)], 'break')
      },
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard.usage).toMatchObject({ input: 7, cacheRead: 0, output: 11 })
    expect(JSON.parse(scene.test.traces[0]?.detail ?? '').decision.reasons).toContain(
      'stream_failure=restart_if_prefix_matches',
    )
    expect(heard.finish?.class).toBe('stop')
    expect(heard.raw).toContain('first-model')
    expect(scene.test.traces).toMatchObject([
      { outcome: 'succeeded', inputTokens: 7, cacheReadTokens: 0, outputTokens: 11, provider: 'second', model: 'up' },
    ])
  })

  it('is a failure of the target that broke off, and none of one that said something else', async () => {
    const scene = createRepairScene({
      mode: 'restart_if_prefix_matches',
      route: { breaker: { failure_threshold: 1 } },
      targets: [...two, { name: 'third', wire: 'gemini' }],
      answer({ name, wire }) {
        if (name === 'first') return answerOf(wire, brokenBehind(['One, ']), 'break')
        return answerOf(wire, streamOf(wire, name === 'second' ? ['Two'] : ['One, two.']))
      },
    })
    expect((await hear('anthropic-messages', await scene.ask('anthropic-messages'))).text).toBe('One, two.')
    expect((await hear('anthropic-messages', await scene.ask('anthropic-messages'))).text).toBe('Two')
    expect(scene.asked.map(({ name }) => name)).toEqual(['first', 'second', 'third', 'second'])
    const { health } = await scene.test.app.operations().coordination!.look()
    expect([...health.loads.values()].every((load) => load === 0)).toBe(true)
  })

  it('is not finished by a target that breaks off behind its finish and before its end', async () => {
    const scene = createRepairScene({
      targets: [
        two[0]!,
        { name: 'second', wire: 'bedrock-converse', prefill: true },
        { name: 'third', wire: 'gemini' },
      ],
      answer({ name, wire }) {
        if (name === 'first') return answerOf(wire, brokenBehind(['One.']), 'break')
        if (name === 'third') return answerOf(wire, streamOf(wire, ['One.']))
        const told = streamOf(wire, [])
        return answerOf(wire, told.slice(0, told.length - 1), 'break')
      },
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard).toMatchObject({ text: 'One.', end: 'success', parts: 1, faults: [] })
  })

  it('stays one JSON array for a client that asked for one', async () => {
    const scene = createRepairScene({
      targets: [{ name: 'first', wire: 'gemini' }, two[1]!],
      answer({ name, wire }) {
        if (name === 'second') return answerOf(wire, streamOf(wire, ['One, ', 'two.']))
        const elements = ['O', 'ne'].map((text) => ({
          candidates: [{ content: { role: 'model', parts: [{ text }] } }],
        }))
        const begun = new TextEncoder().encode(JSON.stringify(elements).slice(0, -1))
        return { ...answerOf(wire, [begun], 'break'), headers: new Headers({ 'content-type': 'application/json' }) }
      },
    })
    const json = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }
    const response = await scene.test.request('/v1beta/models/r:streamGenerateContent', { json })
    const list = JSON.parse(await response.text()) as { candidates: { content: { parts: { text: string }[] } }[] }[]
    const texts = list.flatMap(({ candidates }) => candidates.flatMap(({ content }) => content.parts))
    expect(texts.map(({ text }) => text).join('')).toBe('One, two.')
  })

  it('is asked of its own target once more where that is the only one and the connection broke', async () => {
    let calls = 0
    const scene = createRepairScene({
      targets: [two[0]!],
      answer: ({ wire }) =>
        calls++ === 0
          ? answerOf(wire, brokenBehind(['One, ']), 'break')
          : answerOf(wire, streamOf(wire, ['One', ', two.'])),
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard).toMatchObject({ text: 'One, two.', end: 'success' })
    expect(calls).toBe(2)
  })

  it.each([
    ['an error in the stream', 'overloaded_error', true],
    ['a refusal in the stream', 'invalid_request_error', false],
  ])('is mended behind %s or not: %s', async (_name, type, isMended) => {
    const failure = anthropicEvent('error', { error: { type, message: 'no' } })
    const scene = createRepairScene({
      targets: two,
      answer: ({ name, wire }) =>
        name === 'first'
          ? answerOf(wire, [...brokenBehind(['One, ']), failure])
          : answerOf(wire, streamOf(wire, ['One, two.'])),
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect([heard.text, heard.end]).toEqual(isMended ? ['One, two.', 'success'] : ['One, ', 'error'])
    expect(scene.asked).toHaveLength(isMended ? 2 : 1)
  })

  it('is left as it is where the route does not ask for more', async () => {
    const scene = createRepairScene({
      mode: 'error',
      targets: two,
      answer: ({ wire }) => answerOf(wire, brokenBehind(['One, ']), 'break'),
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard).toMatchObject({ text: 'One, ', end: 'error' })
    expect(scene.asked).toHaveLength(1)
  })
})

describe('an answer that nobody can go on with', () => {
  const tool = [
    anthropicEvent('content_block_start', {
      index: 1,
      content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
    }),
  ]
  const thinking = [
    anthropicEvent('content_block_start', {
      index: 1,
      content_block: { type: 'thinking', thinking: '', signature: '' },
    }),
    anthropicEvent('content_block_delta', { index: 1, delta: { type: 'thinking_delta', thinking: 'hm' } }),
  ]
  const citation = [
    anthropicEvent('content_block_delta', {
      index: 0,
      delta: {
        type: 'citations_delta',
        citation: {
          type: 'char_location',
          cited_text: 'x',
          document_index: 0,
          document_title: 'd',
          start_char_index: 0,
          end_char_index: 1,
        },
      },
    }),
  ]
  it.each([
    ['has called a tool', tool],
    ['has thought', thinking],
    ['has cited', citation],
    ['has shown something else', [anthropicEvent('content_block_start', { index: 1, content_block: { type: 'new' } })]],
  ])('%s', async (_name, more) => {
    const scene = createRepairScene({
      targets: two,
      answer: ({ wire }) => answerOf(wire, [...brokenBehind(['One, ']), ...more], 'break'),
    })
    const heard = await hear('anthropic-messages', await scene.ask('anthropic-messages'))
    expect(heard).toMatchObject({ text: 'One, ', end: 'error', faults: [] })
    expect(scene.asked).toHaveLength(1)
  })

  it('is one of several', async () => {
    const scene = createRepairScene({
      targets: [{ name: 'first', wire: 'openai-chat' }, two[1]!],
      answer: ({ wire }) => answerOf(wire, streamOf(wire, ['One']).slice(0, 2), 'break'),
    })
    const heard = await hear('openai-chat', await scene.ask('openai-chat', { n: 2 }))
    expect(heard.end).toBe('error')
    expect(scene.asked).toHaveLength(1)
  })

  it('is longer than limits.max_repair_chars', async () => {
    const scene = createRepairScene({
      server: { limits: { max_repair_chars: 4 } },
      targets: two,
      answer: ({ wire }) => answerOf(wire, brokenBehind(['One, ']), 'break'),
    })
    expect((await hear('anthropic-messages', await scene.ask('anthropic-messages'))).end).toBe('error')
    expect(scene.asked).toHaveLength(1)
  })

  it('is out of time', async () => {
    const scene = createRepairScene({
      server: { timeouts: { total_ms: 5000, idle_ms: 60_000 } },
      targets: two,
      answer: ({ wire }) => answerOf(wire, brokenBehind(['One, ']), 'hang'),
    })
    const response = await scene.ask('anthropic-messages')
    const heard = hear('anthropic-messages', response)
    await scene.test.clock.advance(5001)
    expect((await heard).end).toBe('error')
    expect(scene.asked).toHaveLength(1)
    expect(scene.test.traces).toMatchObject([{ errorCode: 'limit_exceeded' }])
  })
})

describe('while the next target is opened', () => {
  const pending = (answer: Promise<FetchResponse> | 'never'): RepairScene =>
    createRepairScene({
      targets: two,
      answer({ name, wire }, { cancellation }) {
        if (name === 'first') return answerOf(wire, brokenBehind(['One, ']), 'break')
        if (answer !== 'never') return answer
        return new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('aborted'))))
      },
    })

  it('the client gets heartbeats', async () => {
    let open: (answer: FetchResponse) => void = () => {}
    const scene = pending(new Promise((resolve) => (open = resolve)))
    const text = (await scene.ask('anthropic-messages')).text()
    await scene.test.clock.advance(21_000)
    open(answerOf('openai-chat', streamOf('openai-chat', ['One, two.'])))
    expect((await text).match(/^:/gm)).toHaveLength(2)
    expect(decodeHeard('anthropic-messages', await text)).toMatchObject({
      text: 'One, two.',
      end: 'success',
      faults: [],
    })
    expect(scene.test.clock.pending()).toBe(0)
  })

  it('a client that leaves ends everything', async () => {
    const scene = pending('never')
    const response = await scene.ask('anthropic-messages')
    const reader = response.body!.getReader()
    for (let events = ''; !events.includes('One, ');) events += new TextDecoder().decode((await reader.read()).value)
    void reader.read().catch(() => {})
    await scene.test.clock.advance(10)
    expect(scene.asked).toHaveLength(2)
    const cancelled = cancellationOf(scene)
    await reader.cancel()
    await scene.test.clock.advance(10)
    expect(cancelled()).toBe(true)
    expect(scene.test.traces).toMatchObject([{ outcome: 'cancelled' }])
    expect(scene.test.clock.pending()).toBe(0)
  })

  it('a gateway that stops ends it in band', async () => {
    const scene = pending('never')
    const response = await scene.ask('anthropic-messages')
    const text = response.text()
    await scene.test.clock.advance(10)
    scene.test.app.interrupt()
    await scene.test.clock.advance(10)
    const heard = decodeHeard('anthropic-messages', await text)
    expect(heard).toMatchObject({ text: 'One, ', end: 'error', faults: [] })
    expect(scene.test.traces).toHaveLength(1)
  })

  it('a fault of the gateway itself ends it in band, and is in the log', async () => {
    const faulty: FetchResponse = {
      status: 200,
      get headers(): Headers {
        throw new RangeError('a bug')
      },
      body: answerOf('openai-chat', []).body,
    }
    const scene = pending(Promise.resolve(faulty))
    expect(await hear('anthropic-messages', await scene.ask('anthropic-messages'))).toMatchObject({
      text: 'One, ',
      end: 'error',
      faults: [],
    })
    expect(scene.test.logs.join()).toContain('"reason":"RangeError"')
    expect(scene.test.traces).toHaveLength(1)
    expect(scene.test.app.inFlight()).toBe(0)
    expect(scene.test.clock.pending()).toBe(0)
  })
})

describe('which models go on with a last turn', () => {
  it.each([
    ['claude-3-opus-20240229', 3],
    ['claude-3-5-sonnet-20241022', 3.5],
    ['claude-3.7-sonnet', 3.7],
    ['claude-sonnet-4-20250514', 4],
    ['claude-opus-4-1-20250805', 4.1],
    ['claude-haiku-4-5', 4.5],
    ['claude-opus-4-6', 4.6],
    ['claude-opus-5', 5],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 4.5],
    ['us.anthropic.claude-opus-4-6-v1', 4.6],
    ['claude-sonnet-4@20250514', 4],
    ['anthropic/claude-sonnet-4.6', 4.6],
    ['claude-x', undefined],
    ['gpt-4o', undefined],
    ['my-claude-4', undefined],
  ])('%s is of generation %s', (model, version) => {
    expect(claudeVersion(model)).toBe(version)
  })
})

function attemptsOf(scene: RepairScene): Record<string, unknown>[] {
  return JSON.parse(scene.test.traces[0]?.detail ?? '{}').attempts
}

function cancellationOf(scene: RepairScene): () => boolean {
  const { cancellation } = scene.test.sent.at(-1)!
  return () => cancellation.cancelled
}
