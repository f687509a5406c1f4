// Strategies that go by what earlier requests have shown, through the whole gateway: what is under way, and how fast it was.
import { describe, expect, it } from 'vitest'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { speedTtlMs } from '../../src/policy/speed.ts'
import { chatProvider, createTestApp, jsonAnswer, type TestApp } from '../support/app.ts'
import { heldAnswer } from '../support/held-answer.ts'
import { chatAnswer, chatChunk } from '../support/upstream.ts'

const names = ['one', 'two', 'three'] as const
type Name = (typeof names)[number]

const spoken = [chatChunk({ role: 'assistant', content: 'hello' }), `${chatChunk({}, 'stop')}data: [DONE]\n\n`]

function gateway(strategy: string, upstream: (name: Name, app: TestApp) => FetchResponse | Promise<FetchResponse>) {
  const app: TestApp = createTestApp({
    config: {
      config_version: 1,
      providers: Object.fromEntries(names.map((name) => [name, chatProvider(name, { auth_scheme: { kind: 'none' } })])),
      routes: { r: { strategy, targets: names.map((name) => ({ name, provider: name, model: 'm' })) } },
      storage: { kind: 'memory' },
    },
    upstream: (request) => upstream(nameOf(request), app),
  })
  return app
}

function nameOf({ url }: FetchRequest): Name {
  return names.find((name) => url.includes(`//${name}.`)) ?? 'one'
}

function ask(app: TestApp, stream: boolean): Promise<Response> {
  return app.request('/v1/chat/completions', {
    json: { model: 'r', stream, messages: [{ role: 'user', content: 'hi' }] },
  })
}

describe('least_connections', () => {
  it('counts a stream to its end, and not to its first word', async () => {
    const ends: (() => void)[] = []
    const app = gateway('least_connections', () =>
      heldAnswer(spoken, new Promise<void>((resolve) => void ends.push(resolve))),
    )
    const called = (): readonly Name[] => app.sent.map(nameOf)
    const streams: Response[] = []
    for (let count = 0; count < 3; count++) streams.push(await ask(app, true))
    expect(called()).toEqual(names)
    // The second one ends, the others have said their first word and are still under way.
    ends[1]?.()
    expect(await streams[1]?.text()).toContain('[DONE]')
    streams.push(await ask(app, true))
    expect(called()).toEqual([...names, 'two'])
    // A client that leaves makes room as well.
    await streams[2]?.body?.cancel()
    streams.push(await ask(app, true))
    expect(called()).toEqual([...names, 'two', 'three'])
    for (const end of ends) end()
    for (const place of [0, 3, 4]) await streams[place]?.text()
    const seen = await app.app.operations().coordination?.look()
    expect([...(seen?.health.loads ?? [])]).toEqual([])
  })
})

describe('fastest', () => {
  const firstWordMs = { one: 300, two: 100, three: 200 }
  const wholeMs = { one: 100, two: 300, three: 200 }

  /** The first word of a stream comes when it comes, its end after the same time for all; a whole answer has its own time. */
  function timed(): { readonly app: TestApp; serve(stream: boolean): Promise<Name> } {
    let streams = true
    const wait = (app: TestApp, ms: number): Promise<void> =>
      new Promise((resolve) => void app.clock.after(ms, resolve))
    const app = gateway('fastest', async (name, self) => {
      await wait(self, streams ? firstWordMs[name] : wholeMs[name])
      return streams ? heldAnswer(spoken, wait(self, 1000 - firstWordMs[name])) : jsonAnswer(chatAnswer('hello'))
    })
    return {
      app,
      async serve(stream) {
        streams = stream
        const asked = ask(app, stream).then((response) => response.text())
        await app.clock.advance(2000)
        expect(await asked).toContain('hello')
        return nameOf(app.sent.at(-1) as FetchRequest)
      },
    }
  }

  it('measures everybody once and then asks whoever says the first word of a stream soonest', async () => {
    const { serve } = timed()
    const first = [await serve(true), await serve(true), await serve(true)]
    expect(first.toSorted()).toEqual(names.toSorted())
    for (let count = 0; count < 5; count++) expect(await serve(true)).toBe('two')
  })

  it('measures answers that come whole by themselves', async () => {
    const { serve } = timed()
    for (const _ of names) await serve(true)
    const first = [await serve(false), await serve(false), await serve(false)]
    expect(first.toSorted()).toEqual(names.toSorted())
    for (let count = 0; count < 3; count++) expect(await serve(false)).toBe('one')
    expect(await serve(true)).toBe('two')
  })

  it('finds out anew what it has not heard of for long', async () => {
    const { app, serve } = timed()
    for (const _ of names) await serve(true)
    await app.clock.advance(speedTtlMs - 30_000)
    expect(await serve(true)).toBe('two')
    await app.clock.advance(40_000)
    expect([await serve(true), await serve(true)].toSorted()).toEqual(['one', 'three'])
    expect(await serve(true)).toBe('two')
  })
})
