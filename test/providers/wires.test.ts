// The mock on all of its wires: every script in every framing, asked directly.
import { describe, expect, it } from 'vitest'
import { createVirtualClock } from '../support/virtual-clock.ts'
import { ask, below, send, valuesIn, ways, waysWithTools, type Answer, type Way } from './support.ts'

const table = (list: readonly Way[]): [string, Way][] => list.map((way) => [way.name, way])

/** The text that a client of any wire would put together, taken from every member that may hold some. */
function textIn(answer: Answer): string {
  const values = valuesIn(answer)
  const deltas = values.filter((value) => String(value['type']).endsWith('.delta'))
  const source = deltas.length > 0 ? deltas : values
  return ['content', 'text', 'delta', 'reasoning_content', 'thinking'].flatMap((key) => below(key, source)).join('')
}

describe.each(table(ways))('the mock on %s', (_name, way) => {
  it.each(['echo', 'anything-else', 'org/model:free'])('repeats what was said to %s', async (model) => {
    const answer = await ask(way, model)
    expect(answer.status).toBe(200)
    expect(textIn(answer)).toContain('echo: one two')
  })

  it('counts a token per word, and reports them once', async () => {
    const values = valuesIn(await ask(way, 'echo', 'one two three'))
    const last = values.at(-1)
    for (const found of [
      ...below('prompt_tokens', last),
      ...below('input_tokens', last),
      ...below('promptTokenCount', last),
      ...below('inputTokens', last),
    ])
      expect(found).toBe(3)
  })

  it('says nothing where it is told to be empty', async () => {
    const answer = await ask(way, 'fault-empty')
    expect(answer.status).toBe(200)
    expect(textIn(answer)).not.toContain('echo')
    expect(valuesIn(answer).length).toBeGreaterThan(0)
  })

  it('answers a web page with status 200', async () => {
    const answer = await ask(way, 'fault-html')
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html'])
  })

  it.each([400, 401, 404, 429, 500, 503, 529])('answers %i where it is told to', async (status) => {
    const answer = await ask(way, `fault-${status}`)
    expect(answer.status).toBe(status)
    expect(below('message', JSON.parse(answer.text))).toEqual([`the mock was told to answer ${status}`])
  })

  it('refuses what is no JSON object', async () => {
    for (const body of ['[]', '{', ''])
      expect((await send(way.url('echo'), body)).status, JSON.stringify(body)).toBe(400)
  })

  it('waits where it is told to be slow', async () => {
    const clock = createVirtualClock()
    const answer = send(way.url('slow-100'), way.body('slow-100', 'one two'), clock)
    await clock.advance(5000)
    expect(textIn(await answer)).toContain('echo: one two')
  })
})

describe.each(table(ways.filter(({ streamed }) => streamed)))('a stream of the mock on %s', (_name, way) => {
  const begun = ['echo: ', 'one ']

  it.each([
    ['fault-truncated-2', false, false],
    ['fault-reset-mid-stream-2', true, false],
    ['fault-error-in-stream-2', false, true],
  ])('told %s lets two pieces through', async (model, breaks, fails) => {
    const answer = await ask(way, model)
    expect(answer.broke).toBe(breaks)
    for (const text of begun) expect(answer.text).toContain(text)
    expect(answer.text).not.toContain('"two')
    expect(answer.text.includes('the mock was told to fail')).toBe(fails)
  })

  it('says a word per piece', async () => {
    const clock = createVirtualClock()
    const whole = valuesIn(await ask(way, 'echo'))
    const slow = send(way.url('slow-1'), way.body('slow-1', 'one two'), clock)
    await clock.advance(1000)
    const others = below('text', valuesIn(await slow)).length
    expect(below('text', whole)).toHaveLength(others)
  })
})

describe('the framing', () => {
  const way = (name: string): Way => ways.find((entry) => entry.name === name) as Way

  it('is server-sent events, an array, or an AWS event stream', async () => {
    const types = await Promise.all(
      ways.map(async (entry) => [entry.name, (await ask(entry, 'echo')).headers.get('content-type')]),
    )
    expect(Object.fromEntries(types)).toEqual({
      'openai-chat': 'application/json',
      'openai-chat, streamed': 'text/event-stream',
      'openai-responses': 'application/json',
      'openai-responses, streamed': 'text/event-stream',
      'openai-completions': 'application/json',
      'openai-completions, streamed': 'text/event-stream',
      'anthropic-messages': 'application/json',
      'anthropic-messages, streamed': 'text/event-stream',
      gemini: 'application/json',
      'gemini, streamed': 'text/event-stream',
      'gemini, as an array': 'application/json',
      'bedrock-converse': 'application/json',
      'bedrock-converse, streamed': 'application/vnd.amazon.eventstream',
    })
  })

  it.each([
    'echo',
    'fault-empty',
    'tool',
    'refusal',
    'fault-error-in-stream-0',
    'fault-error-in-stream-2',
    'fault-error-in-stream-99',
  ])('of an array is one JSON array, whatever happens: %s', async (model) => {
    const { text } = await ask(way('gemini, as an array'), model, 'one two', ['f'])
    expect(Array.isArray(JSON.parse(text))).toBe(true)
  })

  it('of an array that is cut off is no JSON', async () => {
    const { text } = await ask(way('gemini, as an array'), 'fault-truncated-2')
    expect(() => JSON.parse(text)).toThrow()
  })

  it('numbers the events of Responses without a gap, the error among them', async () => {
    for (const model of [
      'echo',
      'thinking',
      'tools',
      'fault-empty',
      'refusal',
      'fault-error-in-stream-0',
      'fault-error-in-stream-3',
    ]) {
      const values = valuesIn(await ask(way('openai-responses, streamed'), model, 'one two', ['a', 'b']))
      expect(values.map((value) => value['sequence_number'])).toEqual(values.map((_value, index) => index))
    }
  })

  it('announces the tool blocks of Converse alone, and tells usage behind the end', async () => {
    const values = valuesIn(await ask(way('bedrock-converse, streamed'), 'signed', 'one two', ['f']))
    const events = values.map((value) => value[':event'])
    expect(events.filter((event) => event === 'contentBlockStart')).toHaveLength(1)
    expect(events.slice(-2)).toEqual(['messageStop', 'metadata'])
    expect(values.every((value) => typeof value['p'] === 'string')).toBe(true)
  })

  it('tells where a retry may come: in a header, or with Google in the body', async () => {
    const header = async (name: string): Promise<string | null> =>
      (await ask(way(name), 'fault-429-retry-after-1')).headers.get('retry-after')
    expect(await header('openai-chat')).toBe('1')
    expect(await header('anthropic-messages')).toBe('1')
    expect(await header('gemini')).toBeNull()
    expect((await ask(way('gemini'), 'fault-429-retry-after-1')).text).toContain('"retryDelay":"1s"')
    const bedrock = await ask(way('bedrock-converse'), 'fault-429-retry-after-1')
    expect(bedrock.headers.get('x-amzn-errortype')).toMatch(/^ThrottlingException:http/)
  })
})

describe.each(table(waysWithTools))('tools of the mock on %s', (_name, way) => {
  it.each([
    ['tool', ['a']],
    ['tools', ['a', 'b']],
  ])('are called where it is told %s', async (model, expected) => {
    const answer = await ask(way, model, 'one two', ['a', 'b'])
    const whole = /"response\.completed"/.test(answer.text) ? valuesIn(answer).slice(-1) : valuesIn(answer)
    const called = new Set(below('name', whole.map(withoutOffer)))
    expect([...called]).toEqual(expected)
    expect(answer.text).toContain('heard')
  })

  it('are not called where none are offered', async () => {
    expect(textIn(await ask(way, 'tool'))).toContain('echo: one two')
  })
})

/** Responses repeats the tools that it was offered. */
function withoutOffer(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('response' in value)) {
    const { tools: _tools, ...rest } = value as Record<string, unknown>
    return rest
  }
  const { tools: _tools, ...rest } = value.response as Record<string, unknown>
  return rest
}

describe.each(table(waysWithTools))('thinking of the mock on %s', (_name, way) => {
  it('comes before the answer', async () => {
    const answer = await ask(way, 'thinking')
    const text = answer.text.replaceAll(/[^a-z]/gi, '')
    expect(text.indexOf('repeat')).toBeGreaterThan(-1)
    expect(text.indexOf('repeat')).toBeLessThan(text.indexOf('echo'))
  })
})

describe('a refusal', () => {
  it.each<[string, RegExp]>([
    ['openai-chat', /"refusal":"The mock/],
    ['openai-chat, streamed', /"refusal":"The "/],
    ['openai-responses', /"type":"refusal","refusal":"The mock/],
    ['openai-responses, streamed', /response\.refusal\.delta/],
    ['openai-completions', /"finish_reason":"content_filter"/],
    ['openai-completions, streamed', /"finish_reason":"content_filter"/],
    ['anthropic-messages', /"content":\[\],"stop_reason":"refusal"/],
    ['anthropic-messages, streamed', /"stop_reason":"refusal"/],
    ['gemini', /"content":\{\},"finishReason":"SAFETY"/],
    ['gemini, streamed', /"finishReason":"SAFETY"/],
    ['gemini, as an array', /"finishReason":"SAFETY"/],
    ['bedrock-converse', /"content":\[\]\}\},"stopReason":"content_filtered"/],
    ['bedrock-converse, streamed', /content_filtered/],
  ])('is told in the way of %s', async (name, pattern) => {
    const way = ways.find((entry) => entry.name === name) as Way
    expect((await ask(way, 'refusal')).text).toMatch(pattern)
  })
})
