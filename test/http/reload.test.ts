// Another configuration while requests are under way: each is served to its end by the one that it began with.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { createTestApp, jsonAnswer, type TestApp } from '../support/app.ts'
import { heldAnswer } from '../support/held-answer.ts'
import { chatAnswer, chatChunk } from '../support/upstream.ts'

const oldKey = 'sk-key-that-is-rotated-away-1'
const newKey = 'sk-key-that-takes-its-place-2'

function configOf(extra: { readonly providers?: object; readonly routes?: object; readonly policy?: object } = {}) {
  return {
    credentials: { main: { type: 'api_key', source: 'env', env: 'MAIN_KEY' } },
    providers: {
      one: {
        type: 'openai_compatible',
        base_url: 'https://one.example.com/v1',
        api_formats: ['openai_chat'],
        accounts: [{ id: 'main', credential: 'main' }],
      },
      two: { type: 'openai_compatible', base_url: 'https://two.example.com/v1', auth_scheme: { kind: 'none' } },
      ...extra.providers,
    },
    routes: { talk: { targets: [{ provider: 'one', model: 'up' }] }, ...extra.routes },
    ...(extra.policy !== undefined && { policy: extra.policy }),
  }
}

interface Scene {
  readonly app: TestApp
  readonly env: Record<string, string>
  /** Lets the held streams go on to their ends. */
  release(): void
}

/** A model called `held` streams one word and waits; every other one answers at once, or as `answer` says. */
function scene(answer: (request: FetchRequest) => FetchResponse = () => jsonAnswer(chatAnswer())): Scene {
  const env = { MAIN_KEY: oldKey }
  let release: () => void = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const app = createTestApp({
    env,
    config: configOf(),
    adminToken: 'token-of-the-administrator-1234',
    upstream: (request) => {
      const body = JSON.parse(new TextDecoder().decode(request.body)) as { stream?: boolean }
      return body.stream === true ? heldAnswer(heldPieces, released) : answer(request)
    },
  })
  return { app, env, release }
}

const heldPieces = [
  chatChunk({ role: 'assistant', content: 'hello' }),
  chatChunk({ content: ' world' }),
  chatChunk({}, 'stop'),
  'data: [DONE]\n\n',
]

const chat = (app: TestApp, extra: object = {}) =>
  app.request('/v1/chat/completions', {
    json: { model: 'talk', messages: [{ role: 'user', content: 'x' }], ...extra },
  })
const revisionOf = (response: Response) => response.headers.get('x-signalbox-revision')

/** A stream of which the first word has arrived. */
async function begun(app: TestApp, extra: object = {}) {
  const response = await chat(app, { stream: true, ...extra })
  expect(response.status).toBe(200)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('hello')) text += (await reader?.read())?.value ?? ''
  return {
    response,
    async rest() {
      for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) text += read.value
      return text
    },
  }
}

describe('F-74: a reload in the middle of a request', () => {
  it('leaves a stream with the revision that it began under, and gives new requests the next one', async () => {
    const { app, release } = scene()
    const stream = await begun(app)
    app.reload(configOf({ routes: { extra: { targets: [{ provider: 'two', model: 'm' }] } } }))
    const next = await chat(app)
    expect(revisionOf(next)).not.toBe(revisionOf(stream.response))
    release()
    const text = await stream.rest()
    expect(text).toContain(' world')
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
    expect(app.traces.map((row) => [row.revision, row.outcome])).toEqual([
      [revisionOf(next), 'succeeded'],
      [revisionOf(stream.response), 'succeeded'],
    ])
  })

  it('never mixes two revisions in one request, however often it happens', async () => {
    const { app } = scene()
    const answers = []
    for (let round = 0; round < 40; round++) {
      answers.push(chat(app))
      app.reload(configOf({ routes: { [`r${round}`]: { targets: [{ provider: 'two', model: 'm' }] } } }))
    }
    const responses = await Promise.all(answers)
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200))
    expect(new Set(responses.map(revisionOf)).size).toBe(40)
    const byId = new Map(app.traces.map((row) => [row.requestId, row.revision]))
    for (const response of responses)
      expect(byId.get(response.headers.get('x-signalbox-request-id') ?? '')).toBe(revisionOf(response))
  })
})

it('F-74: gives the old revision back when its last request is over', () => {
  const child = fileURLToPath(new URL('../support/reload-freed.ts', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', child], { encoding: 'utf8' })
  expect([stdout, stderr]).toEqual([JSON.stringify({ during: true, after: false }), ''])
})

describe('F-76: a credential that is rotated in the middle of a request', () => {
  it('lets what is under way finish, and signs the next request with the new value', async () => {
    const { app, env, release } = scene()
    const stream = await begun(app)
    env['MAIN_KEY'] = newKey
    app.reload(configOf())
    await chat(app)
    release()
    expect(await stream.rest()).toContain('data: [DONE]')
    expect(app.sent.map(({ headers }) => headers['authorization'])).toEqual([`Bearer ${oldKey}`, `Bearer ${newKey}`])
  })

  it('gives an account that was left out for its old key a try with the new one at once', async () => {
    const { app, env } = scene((request) =>
      request.headers['authorization'] === `Bearer ${newKey}`
        ? jsonAnswer(chatAnswer())
        : jsonAnswer({ error: { message: 'bad key', code: 'invalid_api_key' } }, 401),
    )
    expect((await chat(app)).status).toBe(502)
    expect((await chat(app)).status).not.toBe(200)
    expect(app.sent).toHaveLength(1)
    env['MAIN_KEY'] = newKey
    // The same words: only what the variable holds is another value, as after an edit of secrets.json.
    app.reload(configOf())
    await chat(app)
    expect((await chat(app)).status).toBe(200)
  })

  it('stops a gateway key that was revoked with the next request', async () => {
    const gatewayKey = 'gateway-key-of-24-characters-x'
    const keys = [{ id: 'ci', env: 'CI_KEY', role: 'client' }]
    const { app, env } = scene()
    env['CI_KEY'] = gatewayKey
    app.reload({ ...configOf(), keys })
    const ask = () =>
      app.request('/v1/chat/completions', {
        headers: { authorization: `Bearer ${gatewayKey}` },
        json: { model: 'talk', messages: [{ role: 'user', content: 'x' }] },
      })
    expect((await ask()).status).toBe(200)
    app.reload({ ...configOf(), keys: keys.map((key) => ({ ...key, revoked: true })) })
    expect((await ask()).status).toBe(401)
  })
})

describe('F-80: a provider that is deleted in the middle of a request', () => {
  it('finishes what is under way, and is not there for the next', async () => {
    const { app, release } = scene()
    const direct = await begun(app, { model: 'one/up' })
    const { credentials: _, providers, ...rest } = configOf()
    app.reload({ ...rest, providers: { two: providers.two }, routes: {} })
    const named = await chat(app, { model: 'one/up' })
    const routed = await chat(app)
    expect([named.status, routed.status]).toEqual([404, 404])
    expect(await named.json()).toMatchObject({ error: { code: 'model_not_found' } })
    release()
    expect(await direct.rest()).toContain('data: [DONE]')
    expect(app.sent).toHaveLength(1)
  })
})

describe('what a gateway has found out', () => {
  const failing = () => jsonAnswer({ error: { message: 'down' } }, 503)
  const withBreaker = {
    talk: { targets: [{ name: 't', provider: 'one', model: 'up', breaker: { failure_threshold: 2 } }] },
  }

  it.each<[string, object]>([
    ['other routes changed', { ...withBreaker, other: { targets: [{ provider: 'two', model: 'm' }] } }],
    ['the target has another weight', { talk: { targets: [{ ...withBreaker.talk.targets[0], weight: 7 }] } }],
  ])('of a target stays through a reload where %s: its open breaker keeps requests away', async (_name, routes) => {
    const { app } = scene(failing)
    app.reload(configOf({ routes: withBreaker }))
    for (let tries = 0; tries < 4; tries++) await chat(app)
    const before = app.sent.length
    expect((await chat(app)).status).toBe(503)
    expect(app.sent).toHaveLength(before)
    app.reload(configOf({ routes }))
    expect((await chat(app)).status).toBe(503)
    expect(app.sent).toHaveLength(before)
  })

  it('of a target stays while it is taken out and put back', async () => {
    const { app } = scene(failing)
    app.reload(configOf({ routes: withBreaker }))
    for (let tries = 0; tries < 4; tries++) await chat(app)
    const before = app.sent.length
    app.reload(configOf({ routes: { talk: { targets: [{ name: 'u', provider: 'two', model: 'm' }] } } }))
    await chat(app)
    expect(app.sent).toHaveLength(before + 1)
    app.reload(configOf({ routes: withBreaker }))
    expect((await chat(app)).status).toBe(503)
    expect(app.sent).toHaveLength(before + 1)
  })

  it('of an account stays: a quota that is used up is not asked for again', async () => {
    const { app } = scene(() =>
      jsonAnswer({ error: { message: 'no credit', type: 'insufficient_quota', code: 'insufficient_quota' } }, 429),
    )
    await chat(app)
    app.reload(configOf({ policy: { cost_aware: true } }))
    await chat(app)
    expect(app.sent).toHaveLength(1)
  })
})
