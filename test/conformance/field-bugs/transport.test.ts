// Field bugs E: the transport of streams, through the whole gateway. Each name begins with the number of its case.
import { expect, vi } from 'vitest'
import type * as Undici from 'undici'
import { createUndiciFetch } from '../../../node-adapter/egress-undici.ts'
import { createSseDecoder } from '../../../src/wire/sse-decode.ts'
import { pieces, streamAnswer, type TestApp } from '../../support/app.ts'
import { seededRandom } from '../../support/chunkings.ts'
import type { Cancellation, FetchRequest } from '../../../src/ports/index.ts'
import { chatStream } from '../scripts.ts'
import { wires } from '../wires/index.ts'
import { asks, fieldCases, framesIn, gateway, ingressIds, sse } from './cases.ts'

/** The options of every pool of connections that the Node adapter made. */
const pools = vi.hoisted((): object[] => [])
vi.mock('undici', async (original) => {
  const undici = await original<typeof Undici>()
  class Pool extends undici.Pool {
    constructor(...[origin, options]: ConstructorParameters<typeof undici.Pool>) {
      super(origin, options)
      pools.push(options ?? {})
    }
  }
  return { ...undici, Pool }
})

const hello = sse(chatStream([{ content: 'Hel' }, { content: 'lo' }]))
/** The role and the first content: from here on the answer is committed. */
const begun = hello.slice(0, 2)

function never(cancellation: Cancellation): Promise<never> {
  return new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('cancelled'))))
}

/** Reads until the text appears. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, wanted: string): Promise<string> {
  let text = ''
  while (!text.includes(wanted)) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`the stream ended before ${wanted}`)
    text += new TextDecoder().decode(value)
  }
  return text
}

/** What a client has got when the idle time is over; throws where the stream is still open then. */
async function readAll(app: TestApp, response: Promise<Response>): Promise<string> {
  let written: string | undefined
  void response.then((answer) => answer.text()).then((text) => (written = text))
  await app.clock.advance(140_000)
  if (written === undefined) throw new Error('the stream is still open after the idle time')
  return written
}

fieldCases('field bugs E', ({ check }) => {
  for (const dialect of ingressIds) {
    for (const stream of [true, false])
      check(
        `T28 · a client that leaves before the first byte ends the call, stream ${stream} · ${dialect}`,
        [dialect, 'openai-chat'],
        async () => {
          const leave = new AbortController()
          let seen: Cancellation | undefined
          const app = gateway((request) => never((seen = request.cancellation)))
          const { path, json } = asks(dialect, 'chat', stream)
          const asked = app.request(path, { json, signal: leave.signal })
          await app.clock.advance(1)
          leave.abort()
          await app.clock.advance(999)
          expect(seen?.cancelled).toBe(true)
          expect((await asked).status).toBe(499)
          expect(app.traces.map((row) => row.outcome)).toEqual(['cancelled'])
        },
      )
    check(`T28 · a client that leaves in the middle ends the body · ${dialect}`, [dialect, 'openai-chat'], async () => {
      const answer = streamAnswer(begun, 'hang')
      const app = gateway(() => answer)
      const { path, json } = asks(dialect, 'chat')
      const reader = (await app.request(path, { json })).body?.getReader()
      if (reader === undefined) throw new Error('no body')
      await readUntil(reader, 'Hel')
      const pending = reader.read()
      await reader.cancel()
      await pending
      await app.clock.advance(999)
      expect(answer.source.cancelled()).toBe(true)
      expect(app.traces.map((row) => row.outcome)).toEqual(['cancelled'])
    })
  }

  check('T29 · a server that does not survive an abort is read to its end', ['openai-chat'], async () => {
    const answer = streamAnswer(hello)
    const app = gateway(() => answer, {
      routes: { fragile: { targets: [{ provider: 'chat', model: 'm', on_abort: 'drain' }] } },
    })
    const reader = (
      await app.request('/v1/chat/completions', { json: asks('openai-chat', 'fragile').json })
    ).body?.getReader()
    if (reader === undefined) throw new Error('no body')
    await readUntil(reader, 'Hel')
    await reader.cancel()
    await app.clock.advance(999)
    // Its last piece was read although nobody waited for it.
    expect(answer.source.reads()).toBeGreaterThanOrEqual(hello.length)
  })

  for (const dialect of ingressIds)
    for (const end of ['break', 'close'] as const)
      check(
        `T30 · a stream that ${end}s in the middle ends in an error · ${dialect}`,
        [dialect, 'openai-chat'],
        async () => {
          const app = gateway(() => streamAnswer(begun, end))
          const { path, json } = asks(dialect, 'chat')
          const frames = framesIn(await (await app.request(path, { json })).text())
          const { streams } = wires[dialect]
          expect(streams.errors(frames)).toHaveLength(1)
          expect(streams.hasTerminator(frames)).toBe(false)
          expect(app.traces.map((row) => row.outcome)).toEqual(['truncated'])
        },
      )

  check('T31 · a silent answer is kept alive for the client', ['openai-chat'], async () => {
    const app = gateway(() => streamAnswer(begun, 'hang'))
    const written = await readAll(app, app.request('/v1/chat/completions', { json: asks('openai-chat', 'chat').json }))
    expect(written.match(/^: /gm)?.length).toBeGreaterThan(1)
  })
  for (const [name, ping] of [
    ['comments', ': still here\n\n'],
    ['empty deltas', sse(chatStream([{}]))[1] ?? ''],
  ] as const)
    check(`T31 · ${name} of a provider are no progress`, ['openai-chat'], async () => {
      const app = gateway(() => ({ ...streamAnswer([]), body: pinging(app, begun, ping) }))
      const written = await readAll(
        app,
        app.request('/v1/chat/completions', { json: asks('openai-chat', 'chat').json }),
      )
      expect(written).toContain('stream_idle_timeout')
      expect(written).not.toContain('[DONE]')
    })

  check('T32 · headers that do not come are not waited for', ['openai-chat'], async () => {
    const app = gateway((request) => never(request.cancellation))
    const asked = app.request('/v1/chat/completions', { json: asks('openai-chat', 'chat').json })
    await app.clock.advance(30_001)
    expect((await asked).status).toBe(504)
  })
  check('T32 · a first token that does not come is not waited for', ['openai-chat'], async () => {
    const app = gateway(() => streamAnswer(hello.slice(0, 1), 'hang'))
    const asked = app.request('/v1/chat/completions', { json: asks('openai-chat', 'chat').json })
    await app.clock.advance(60_001)
    expect((await asked).status).toBe(504)
  })

  const text = `: hello\r\nevent: a\r\ndata:{"x":"grüße 🙂"}\r\n\r\ndata: one\ndata: two\n\n\rdata: last`
  const expected = [{ event: 'a', data: '{"x":"grüße 🙂"}' }, { data: 'one\ntwo' }, { data: 'last' }]
  check(
    'T33 · any cut of any line end, with and without a byte order mark, gives the same events',
    ['openai-chat'],
    () => {
      const random = seededRandom(33)
      for (const mark of ['', '\uFEFF']) {
        const bytes = new TextEncoder().encode(mark + text)
        for (let cut = 0; cut <= bytes.length; cut++) {
          const second = cut + Math.floor(random() * (bytes.length - cut + 1))
          const decoder = createSseDecoder(10_000)
          const blocks = [
            ...decoder.push(bytes.slice(0, cut)),
            ...decoder.push(bytes.slice(cut, second)),
            ...decoder.push(bytes.slice(second)),
            ...decoder.end(),
          ]
          expect(
            blocks.flatMap(({ frame }) => (frame === undefined ? [] : [frame])),
            `${cut}, ${second}`,
          ).toEqual(expected)
        }
      }
    },
  )
  check('T33 · a character that is cut in two is one', ['openai-chat', 'anthropic-messages'], async () => {
    const bytes = new TextEncoder().encode(sse(chatStream([{ content: 'grüße 🙂' }])).join(''))
    let cut = 0
    const app = gateway(() => ({ ...streamAnswer([]), body: bytePieces([bytes.slice(0, cut), bytes.slice(cut)]) }))
    const { path, json } = asks('anthropic-messages', 'chat')
    for (; cut < bytes.length; cut++) {
      expect(await (await app.request(path, { json })).text(), `cut at ${cut}`).toContain('grüße 🙂')
    }
  })

  check('T34 · undici on Node has no timeouts of its own', ['openai-chat'], async () => {
    const { fetch, close } = createUndiciFetch()
    const request = {
      method: 'POST',
      url: 'http://127.0.0.1:9/',
      headers: {},
      cancellation: { cancelled: false, onCancel: () => () => {} },
      connectTimeoutMs: 100,
      allowPrivate: true,
      egress: null,
    }
    await fetch(request as unknown as FetchRequest).catch(() => undefined)
    await close()
    expect(pools).toEqual([expect.objectContaining({ headersTimeout: 0, bodyTimeout: 0 })])
  })
})

/** A body that sends some content and then the same piece for ever, one each second. */
function pinging(app: TestApp, first: readonly string[], piece: string): ReturnType<typeof pieces> {
  const begin = pieces(first)
  let cancelled = false
  return {
    ...begin,
    async read() {
      if (begin.reads() < first.length) return begin.read()
      if (cancelled) return undefined
      await new Promise<void>((resolve) => app.clock.after(1000, resolve))
      return new TextEncoder().encode(piece)
    },
    async cancel() {
      cancelled = true
    },
  }
}

function bytePieces(chunks: readonly Uint8Array[]): ReturnType<typeof pieces> {
  let next = 0
  return { ...pieces([]), read: () => Promise.resolve(chunks[next++]) }
}
