// An OAuth account through the whole app on a clock that stands: what clients see while its endpoint fails.
import { describe, expect, it } from 'vitest'
import type { FetchRequest, FetchResponse } from '../../../src/ports/index.ts'
import { createTestApp, jsonAnswer, type TestApp } from '../../support/app.ts'
import { chatAnswer } from '../../support/upstream.ts'
import { testKek } from './making.ts'

interface Endpoint {
  /** What the endpoint answers instead of a token. */
  failing: FetchResponse | undefined
  /** Access tokens that the provider refuses. */
  readonly refused: Set<string>
  calls: number
  /** Bearer tokens that the provider saw. */
  readonly seen: string[]
}

function start(): { readonly app: TestApp; readonly endpoint: Endpoint } {
  const endpoint: Endpoint = { failing: undefined, refused: new Set(), calls: 0, seen: [] }
  let granted = 0
  const upstream = (request: FetchRequest): FetchResponse => {
    if (request.url !== 'https://login.example.com/token') {
      const token = (request.headers['authorization'] ?? '').replace('Bearer ', '')
      endpoint.seen.push(token)
      return endpoint.refused.has(token) ? jsonAnswer({ error: { message: 'expired' } }, 401) : jsonAnswer(chatAnswer())
    }
    endpoint.calls += 1
    const form = new URLSearchParams(new TextDecoder().decode(request.body))
    if (endpoint.failing !== undefined) return endpoint.failing
    if (form.get('refresh_token') !== `rt-${granted}`) return jsonAnswer({ error: 'invalid_grant' }, 400)
    granted += 1
    return jsonAnswer({ access_token: `at-${granted}`, refresh_token: `rt-${granted}`, expires_in: 3600 })
  }
  const app = createTestApp({
    config: {
      config_version: 1,
      credentials: {
        acct: {
          type: 'oauth',
          refresh: { source: 'env', env: 'REFRESH' },
          token_url: 'https://login.example.com/token',
          client_id: 'client-1',
        },
      },
      providers: {
        up: {
          type: 'openai_compatible',
          base_url: 'https://api.example.com/v1',
          accounts: [{ id: 'main', credential: 'acct' }],
        },
      },
    },
    env: { SIGNALBOX_KEK: testKek, REFRESH: 'rt-0' },
    upstream,
  })
  return { app, endpoint }
}

async function send(app: TestApp): Promise<{ status: number; text: string }> {
  const json = { model: 'up/m', messages: [{ role: 'user', content: 'hi' }] }
  const response = await app.request('/v1/chat/completions', { json })
  return { status: response.status, text: await response.text() }
}

/** What comes of something while the clock goes on, as whoever waits for another one needs it. */
async function moving<T>(app: TestApp, work: Promise<T>): Promise<T> {
  let over = false
  void work.finally(() => (over = true))
  while (!over) {
    // Ciphers take real time, in which this clock should not run away.
    await new Promise((resolve) => setImmediate(resolve))
    if (!over) await app.clock.advance(20)
  }
  return work
}

const ask = (app: TestApp) => moving(app, send(app))

function askMany(app: TestApp, count: number): Promise<number[]> {
  const sent = Array.from({ length: count }, async () => (await send(app)).status)
  return moving(app, Promise.all(sent))
}

describe('an OAuth account in the whole app', () => {
  it('F-77 · is refreshed once for 1,000 requests at once, the first time and when its token has run out', async () => {
    const { app, endpoint } = start()
    expect(new Set(await askMany(app, 1000))).toEqual(new Set([200]))
    expect(endpoint.calls).toBe(1)
    await app.clock.advance(3_600_000)
    expect(new Set(await askMany(app, 1000))).toEqual(new Set([200]))
    expect(endpoint.calls).toBe(2)
    expect(new Set(endpoint.seen)).toEqual(new Set(['at-1', 'at-2']))
  })

  it('F-79 · is served with its token until that ends, while the endpoint fails, and again as soon as it does not', async () => {
    const { app, endpoint } = start()
    const began = app.clock.now()
    await ask(app)
    endpoint.failing = jsonAnswer({}, 500)
    // Each question may take some of the clock's time, so the clock and no count says when the token is near its end.
    while (app.clock.now() < began + 57.5 * 60_000) {
      await app.clock.advance(60_000)
      expect((await ask(app)).status).toBe(200)
    }
    await app.clock.advance(120_000)
    const without = await ask(app)
    expect(without.status).toBe(502)
    expect(without.text).not.toMatch(/rt-|at-1/)
    endpoint.failing = undefined
    await app.clock.advance(61_000)
    // The account may be left out for a while after its failure.
    for (let tries = 0; tries < 30 && (await ask(app)).status !== 200; tries++) await app.clock.advance(10_000)
    expect(endpoint.seen.at(-1)).toBe('at-2')
  })

  it('F-16 · gets another token where the provider refuses the one in use before its time', async () => {
    const { app, endpoint } = start()
    await ask(app)
    endpoint.refused.add('at-1')
    expect((await ask(app)).status).toBe(200)
    expect(endpoint.seen).toEqual(['at-1', 'at-1', 'at-2'])
    expect(endpoint.calls).toBe(2)
  })

  it('ends a request with what to do where the login is gone, and shows no token anywhere', async () => {
    const { app, endpoint } = start()
    endpoint.failing = jsonAnswer({ error: 'invalid_grant', error_description: 'rt-0 was revoked' }, 400)
    const { status, text } = await ask(app)
    expect(status).toBeGreaterThanOrEqual(500)
    expect(text).toContain('log in again and store the new refresh token')
    expect(text + app.logs.join() + JSON.stringify(app.traces)).not.toContain('rt-0')
  })
})
