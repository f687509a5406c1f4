// OAuth accounts against an authorization server that takes each refresh token once.
import { afterEach, describe, expect, it } from 'vitest'
import type { CredentialRecipe } from '../../../src/catalog/snapshot.ts'
import { makeOAuth, refreshLeaseMs, storedSkewMs } from '../../../src/credentials/recipes/oauth.ts'
import { refreshPauseMs, maxRefreshPauseMs } from '../../../src/credentials/recipes/oauth-refresh.ts'
import type { Made, Making } from '../../../src/credentials/recipe.ts'
import type { Outcome } from '../../../src/ir/error.ts'
import { Secret } from '../../../src/ir/secret.ts'
import type { Fetch, Stores } from '../../../src/ports/index.ts'
import { readSealed, writeSealed } from '../../../src/sealing/vault.ts'
import { createMemoryStores } from '../../../src/store/memory.ts'
import { createVirtualClock } from '../../support/virtual-clock.ts'
import { createBench, realClock, realFetch, type Bench } from './making.ts'
import { startTokenServer, type TokenServer, type TokenServerOptions } from './token-server.ts'

type OAuth = Extract<CredentialRecipe, { readonly type: 'oauth' }>

const servers: TokenServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(options: Partial<TokenServerOptions> = {}): Promise<TokenServer> {
  const server = await startTokenServer({ initial: 'rt-0', expiresIn: 3600, ...options })
  servers.push(server)
  return server
}

function recipeFor(server: Pick<TokenServer, 'url'>, more: Partial<OAuth> = {}): OAuth {
  return {
    type: 'oauth',
    refresh: { source: 'env', env: 'REFRESH' },
    tokenUrl: server.url,
    clientId: 'client-1',
    clientSecret: null,
    scope: null,
    ...more,
  }
}

/** A bench whose clock stands still but whose sockets are real: a refresh needs no timer. */
function bench(stores?: Stores, env: Record<string, string> = { REFRESH: 'rt-0' }) {
  const clock = createVirtualClock()
  return { clock, ...createBench({ clock, env, ...(stores !== undefined && { stores }) }) }
}

/** Stores whose vault takes nothing more until somebody mends it. */
function fullStores() {
  const stores = createMemoryStores()
  let isFull = true
  const put: Stores['vault']['put'] = (...record) =>
    isFull ? Promise.reject(new Error('disk full')) : stores.vault.put(...record)
  return { stores: { ...stores, vault: { ...stores.vault, put } }, mend: () => void (isFull = false) }
}

function tokenOf(made: Outcome<Made>): string {
  if (!made.ok) throw new Error(`${made.error.code}: ${made.error.message}`)
  return made.value.material.kind === 'token' ? made.value.material.secret.reveal() : ''
}

function problemOf(made: Outcome<Made>): string {
  return made.ok ? 'it was made' : `${made.error.code}: ${made.error.message}`
}

/** The maker's answer, with a standing clock moved along until it is there. */
async function moving(work: Promise<Outcome<Made>>, clock: ReturnType<typeof createVirtualClock>, stepMs = 500) {
  let answer: Outcome<Made> | undefined
  void work.then((made) => (answer = made))
  for (let step = 0; answer === undefined && step < 400; step++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    await clock.advance(stepMs)
  }
  if (answer === undefined) throw new Error('nothing came')
  return answer
}

const spentBy = (made: Outcome<Made>): Pick<Making, 'fresh' | 'spent'> => ({
  fresh: true,
  spent: made.ok ? made.value.material : undefined,
})

describe('an OAuth account', () => {
  it('trades its refresh token for an access token that travels as bearer until it runs out', async () => {
    const server = await serve()
    const { clock, making } = bench()
    const made = await makeOAuth(recipeFor(server), making())
    expect(tokenOf(made)).toBe('at-1-rt-0')
    expect(made).toMatchObject({
      value: { material: { scheme: { kind: 'bearer' } }, expiresAt: clock.now() + 3_600_000, renewable: true },
    })
    expect(server.forms).toEqual([{ grant_type: 'refresh_token', refresh_token: 'rt-0', client_id: 'client-1' }])
    expect(server.headers[0]?.['content-type']).toBe('application/x-www-form-urlencoded')
  })

  it('uses the successor of a refresh token for the next refresh, never the token itself', async () => {
    const server = await serve()
    const { making } = bench()
    const recipe = recipeFor(server)
    let made = await makeOAuth(recipe, making())
    for (let round = 2; round <= 5; round++) {
      made = await makeOAuth(recipe, making(spentBy(made)))
      expect(tokenOf(made)).toBe(`at-${round}-rt-0`)
    }
    expect(server.forms.map((form) => form['refresh_token'])).toEqual([
      'rt-0',
      'rt-1-rt-0',
      'rt-2-rt-0',
      'rt-3-rt-0',
      'rt-4-rt-0',
    ])
    expect(server.revoked()).toBe(false)
  })

  it('hands another instance the token that one of them fetched, without a refresh', async () => {
    const server = await serve()
    const stores = createMemoryStores()
    const one = await makeOAuth(recipeFor(server), bench(stores).making())
    const other = await makeOAuth(recipeFor(server), bench(stores).making())
    expect([tokenOf(one), tokenOf(other)]).toEqual(['at-1-rt-0', 'at-1-rt-0'])
    expect(server.granted()).toBe(1)
  })

  it('takes the newer stored token where the one in use was refused, and refreshes where it is the same', async () => {
    const server = await serve()
    const stores = createMemoryStores()
    const [a, b] = [bench(stores), bench(stores)]
    const recipe = recipeFor(server)
    const first = await makeOAuth(recipe, a.making())
    const second = await makeOAuth(recipe, a.making(spentBy(first)))
    // b still has the first one.
    expect(tokenOf(await makeOAuth(recipe, b.making(spentBy(first))))).toBe(tokenOf(second))
    expect(server.granted()).toBe(2)
    expect(tokenOf(await makeOAuth(recipe, b.making(spentBy(second))))).toBe('at-3-rt-0')
  })

  it('does not take a stored token in its last minute', async () => {
    const server = await serve()
    const { clock, making } = bench()
    await makeOAuth(recipeFor(server), making())
    await clock.advance(3_600_000 - storedSkewMs - 1)
    expect(tokenOf(await makeOAuth(recipeFor(server), making()))).toBe('at-1-rt-0')
    await clock.advance(1)
    expect(tokenOf(await makeOAuth(recipeFor(server), making()))).toBe('at-2-rt-0')
  })

  it.each([
    ['a public client', {}, {}],
    ['a secret in the body', { clientSecret: 's3cret/+ä' }, { clientSecret: { source: 'env', env: 'CLIENT' } }],
    [
      'a secret as basic authorization',
      { clientSecret: 's3cret/+%', clientAuth: 'basic' },
      { clientSecret: { source: 'env', env: 'CLIENT' }, clientAuth: 'basic' },
    ],
    ['an answer as a form', { answersAs: 'form' }, {}],
    ['a lifetime in quotes', { expiresIn: '3600' }, {}],
    ['no lifetime, which counts as an hour', { expiresIn: undefined }, {}],
    ['a lifetime that is none', { expiresIn: -5 }, {}],
  ] as const)('understands %s', async (_name, options, more) => {
    const server = await serve(options as Partial<TokenServerOptions>)
    const { clock, making } = bench(undefined, {
      REFRESH: 'rt-0',
      CLIENT: 'clientSecret' in options ? options.clientSecret : '',
    })
    const made = await makeOAuth(recipeFor(server, more as Partial<OAuth>), making())
    expect(tokenOf(made)).toBe('at-1-rt-0')
    expect(made.ok && made.value.expiresAt).toBe(clock.now() + 3_600_000)
  })

  it('sends the scope where one is configured', async () => {
    const server = await serve()
    await makeOAuth(recipeFor(server, { scope: 'models.read' }), bench().making())
    expect(server.forms[0]).toMatchObject({ scope: 'models.read' })
  })
})

describe('where the tokens are kept', () => {
  it('writes a successor back to the vault entry that the token came from', async () => {
    const server = await serve()
    const { ports, making } = bench()
    await writeSealed(ports, 'r1', new Secret('r1', 'rt-0\n'), null)
    const recipe = recipeFor(server, { refresh: { source: 'sealed', name: 'r1', field: null } })
    await makeOAuth(recipe, making())
    const kept = await readSealed(ports, 'r1')
    expect(kept.ok && JSON.parse(kept.value.reveal())).toMatchObject({ refresh_token: 'rt-1-rt-0' })
    expect((await ports.stores.vault.list()).map((record) => record.name)).toEqual(['r1'])
  })

  it('keeps the other members of an entry that is JSON', async () => {
    const server = await serve()
    const { ports, making } = bench()
    await writeSealed(ports, 'r1', new Secret('r1', '{"note":"mine","token":"rt-0"}'), null)
    const recipe = recipeFor(server, { refresh: { source: 'sealed', name: 'r1', field: 'token' } })
    expect(tokenOf(await makeOAuth(recipe, making()))).toBe('at-1-rt-0')
    const kept = await readSealed(ports, 'r1')
    expect(kept.ok && JSON.parse(kept.value.reveal())).toMatchObject({ note: 'mine', token: 'rt-1-rt-0' })
  })

  it('takes a token that was put into the entry anew over everything that it kept', async () => {
    const server = await serve({ initial: 'rt-new' })
    const { ports, making } = bench()
    const recipe = recipeFor(server, { refresh: { source: 'sealed', name: 'r1', field: null } })
    await writeSealed(ports, 'r1', new Secret('r1', 'rt-old'), null)
    expect(problemOf(await makeOAuth(recipe, making()))).toContain('log in again')
    await writeSealed(ports, 'r1', new Secret('r1', 'rt-new'), null)
    expect(tokenOf(await makeOAuth(recipe, making()))).toBe('at-1-rt-new')
  })

  it('takes a newly configured token over the stored successor of the one before', async () => {
    const [old, renewed] = [await serve({ initial: 'rt-0' }), await serve({ initial: 'rt-9' })]
    const { making, set } = bench()
    await makeOAuth(recipeFor(old), making())
    set('REFRESH', 'rt-9')
    expect(tokenOf(await makeOAuth(recipeFor(renewed), making()))).toBe('at-1-rt-9')
  })

  it('stores nothing that can be read: neither token stands in the record', async () => {
    const server = await serve()
    const { ports, making, logs } = bench()
    await makeOAuth(recipeFor(server), making())
    const [record] = await ports.stores.vault.list()
    expect(record?.name).toBe('oauth/acct')
    expect(JSON.stringify(record) + logs.join()).not.toMatch(/rt-|at-1/)
  })

  it('asks nobody where there is no key to seal the successor with', async () => {
    const server = await serve()
    const { making } = createBench({ env: { REFRESH: 'rt-0' }, withoutKek: true })
    expect(problemOf(await makeOAuth(recipeFor(server), making()))).toContain('SIGNALBOX_KEK')
    expect(server.forms).toEqual([])
  })

  it('asks nobody where the store has no leases', async () => {
    const server = await serve()
    const { making } = bench({ ...createMemoryStores(), coordination: undefined })
    expect(problemOf(await makeOAuth(recipeFor(server), making()))).toContain('use d1 or sqlite')
    expect(server.forms).toEqual([])
  })

  it.each([
    ['was sealed anew meanwhile, which changes nothing', 'rt-0', 'at-1-rt-0'],
    ['was given another token meanwhile, which wins', 'rt-operator', 'another refresh token was stored meanwhile'],
  ])('stores on top of an entry that %s', async (_name, token, expected) => {
    const server = await serve()
    const stores = createMemoryStores()
    const { clock, ports, making } = bench(stores)
    await writeSealed(ports, 'r1', new Secret('r1', 'rt-0'), null)
    const recipe = recipeFor(server, { refresh: { source: 'sealed', name: 'r1', field: null } })
    // Somebody writes while the endpoint is asked.
    const fetch: Fetch = async (request) => {
      await writeSealed(ports, 'r1', new Secret('r1', token), null)
      return ports.fetch(request)
    }
    const made = await moving(makeOAuth(recipe, making({ ports: { ...ports, fetch } })), clock, 50)
    expect(made.ok ? tokenOf(made) : problemOf(made)).toContain(expected)
    const kept = await readSealed(ports, 'r1')
    expect(kept.ok && kept.value.reveal()).toContain(token === 'rt-0' ? 'rt-1-rt-0' : 'rt-operator')
  })

  it('does not use an access token whose refresh token could not be stored', async () => {
    const server = await serve()
    const { clock, making, logs } = bench(fullStores().stores)
    const made = await moving(makeOAuth(recipeFor(server), making()), clock)
    expect(problemOf(made)).toContain('upstream_unreachable')
    expect(logs.join()).toContain('oauth_successor_not_stored')
  })

  it('stores a successor as soon as the store is back, and sends the replaced token to nobody', async () => {
    const server = await serve()
    const { stores, mend } = fullStores()
    const { clock, making } = bench(stores)
    const recipe = recipeFor(server)
    for (let round = 0; round < 3; round++)
      expect(problemOf(await moving(makeOAuth(recipe, making()), clock))).toContain('could not be stored')
    mend()
    const made = await makeOAuth(recipe, making())
    expect(tokenOf(made)).toBe('at-1-rt-0')
    expect(tokenOf(await makeOAuth(recipe, making(spentBy(made))))).toBe('at-2-rt-0')
    expect(server.forms.map((form) => form['refresh_token'])).toEqual(['rt-0', 'rt-1-rt-0'])
  })

  it('stores it also where the store was away altogether from the moment that the endpoint answered', async () => {
    const server = await serve()
    const stores = createMemoryStores()
    let isAway = false
    const reach = <T>(call: () => Promise<T>): Promise<T> => (isAway ? Promise.reject(new Error('away')) : call())
    const vault: Stores['vault'] = {
      ...stores.vault,
      get: (name) => reach(() => stores.vault.get(name)),
      put: (...record) => reach(() => stores.vault.put(...record)),
    }
    const clock = createVirtualClock()
    const { making } = createBench({
      clock,
      env: { REFRESH: 'rt-0' },
      stores: { ...stores, vault },
      fetch: async (request) => {
        const response = await realFetch(request)
        isAway = true
        return response
      },
    })
    expect(problemOf(await moving(makeOAuth(recipeFor(server), making()), clock))).toContain('could not be stored')
    isAway = false
    expect(tokenOf(await makeOAuth(recipeFor(server), making()))).toBe('at-1-rt-0')
    expect(server.forms).toHaveLength(1)
  })

  it('uses such a successor also where the token that came with it has run out', async () => {
    const server = await serve()
    const { stores, mend } = fullStores()
    const { clock, making } = bench(stores)
    await moving(makeOAuth(recipeFor(server), making()), clock)
    mend()
    await clock.advance(3_600_000)
    expect(tokenOf(await makeOAuth(recipeFor(server), making()))).toBe('at-2-rt-0')
    expect(server.forms.map((form) => form['refresh_token'])).toEqual(['rt-0', 'rt-1-rt-0'])
  })

  it('gives way to a token that its operator put there while a successor waited for the store', async () => {
    const server = await serve()
    const { stores, mend } = fullStores()
    const { clock, making, ports, set } = bench(stores)
    await moving(makeOAuth(recipeFor(server), making()), clock)
    mend()
    set('REFRESH', 'rt-new')
    await makeOAuth(recipeFor(server), making())
    expect(server.forms.at(-1)?.['refresh_token']).toBe('rt-new')
    expect((await readSealed(ports, 'oauth/acct')).ok).toBe(true)
  })

  it.each(['me+work', 'a.b_c-d@e+f'])('has an entry that the vault takes for the id %s', async (id) => {
    const server = await serve()
    const { making } = bench()
    const made = await makeOAuth(recipeFor(server), making({ id }))
    expect(tokenOf(made)).toBe('at-1-rt-0')
    expect(tokenOf(await makeOAuth(recipeFor(server), making({ id, ...spentBy(made) })))).toBe('at-2-rt-0')
  })

  it('gives way to a token that took the place of the one that was sent, also where its entry was removed first', async () => {
    const server = await serve()
    const stores = createMemoryStores()
    const refresh = { source: 'sealed', name: 'login', field: null } as const
    const { ports, making } = createBench({
      stores,
      fetch: async (request) => {
        const response = await realFetch(request)
        await stores.vault.remove('login')
        await writeSealed(ports, 'login', new Secret('login', 'rt-of-a-new-login'), null)
        return response
      },
    })
    await writeSealed(ports, 'login', new Secret('login', 'rt-0'), null)
    expect(problemOf(await makeOAuth(recipeFor(server, { refresh }), making()))).toContain('another refresh token')
    const stored = await readSealed(ports, 'login')
    expect(stored.ok && stored.value.reveal()).toBe('rt-of-a-new-login')
  })

  it('says that the store is away where it is, so that what is kept may serve', async () => {
    const stores = createMemoryStores()
    const away = { ...stores, vault: { ...stores.vault, get: () => Promise.reject(new Error('away')) } }
    const { making } = bench(away)
    for (const refresh of [
      { source: 'env', env: 'REFRESH' } as const,
      { source: 'sealed', name: 'r', field: null } as const,
    ])
      expect(problemOf(await makeOAuth(recipeFor({ url: 'https://auth.example/t' }, { refresh }), making()))).toMatch(
        /^upstream_unreachable: credential acct: the (?:vault cannot be reached|store of its tokens fails)/,
      )
  })
})

describe('an endpoint that fails', () => {
  it('F-78 · is asked once more with the old token where its answer was lost, and then no more', async () => {
    const server = await serve({ mishap: (call) => (call === 0 ? 'lose' : undefined) })
    const { making, logs, clock } = bench()
    expect(problemOf(await makeOAuth(recipeFor(server), making()))).toBe(
      'missing_credential: credential acct: the refresh token is no longer accepted (invalid_grant), and an earlier refresh got no answer: log in again and store the new refresh token',
    )
    expect(server.forms.map((form) => form['refresh_token'])).toEqual(['rt-0', 'rt-0'])
    expect(logs.join()).toContain('oauth_login_needed')
    for (let again = 0; again < 5; again++) {
      await clock.advance(3_600_000)
      expect(problemOf(await makeOAuth(recipeFor(server), making()))).toContain('log in again')
    }
    expect(server.forms).toHaveLength(2)
  })

  it('gets its token where only the connection broke before it acted', async () => {
    const server = await serve({ mishap: (call) => (call === 0 ? 'drop' : undefined) })
    expect(tokenOf(await makeOAuth(recipeFor(server), bench().making()))).toBe('at-1-rt-0')
  })

  it.each([
    ['an answer that is no token', 'garble' as const],
    ['a connection that breaks', 'drop' as const],
  ])('is left alone for a while after %s, longer each time', async (_name, mishap) => {
    const server = await serve({ mishap: () => mishap })
    const { clock, making } = bench()
    const recipe = recipeFor(server)
    expect(problemOf(await makeOAuth(recipe, making()))).toContain('upstream_unreachable')
    expect(server.forms).toHaveLength(2)
    await makeOAuth(recipe, making())
    expect(server.forms).toHaveLength(2)
    for (const [pause, calls] of [
      [refreshPauseMs, 3],
      [2 * refreshPauseMs, 4],
      [4 * refreshPauseMs, 5],
      [maxRefreshPauseMs, 6],
      [maxRefreshPauseMs, 7],
    ] as const) {
      await clock.advance(pause - 1)
      await makeOAuth(recipe, making())
      expect(server.forms).toHaveLength(calls - 1)
      await clock.advance(1)
      await makeOAuth(recipe, making())
      expect(server.forms).toHaveLength(calls)
    }
  })

  it('does not take the current token away before its end', async () => {
    const server = await serve({ mishap: (call) => (call > 0 ? { status: 500 } : undefined) })
    const { clock, making } = bench()
    await makeOAuth(recipeFor(server), making())
    await clock.advance(3_600_000 - 1)
    expect(tokenOf(await makeOAuth(recipeFor(server), making()))).toBe('at-1-rt-0')
    expect(server.forms).toHaveLength(2)
    await clock.advance(1)
    expect(problemOf(await makeOAuth(recipeFor(server), making()))).toContain('upstream_unreachable')
  })

  it('is given up after eight seconds of silence, once more, and then for good', async () => {
    const server = await serve({ mishap: () => 'hang' })
    const { clock, making } = bench()
    const began = clock.mono()
    const made = await moving(makeOAuth(recipeFor(server), making()), clock)
    expect(problemOf(made)).toContain('upstream_unreachable')
    expect(server.forms).toHaveLength(2)
    expect(clock.mono() - began).toBeGreaterThanOrEqual(16_000)
    expect(clock.mono() - began).toBeLessThan(refreshLeaseMs)
  })

  it('is asked again when it said it would be ready', async () => {
    const server = await serve({
      mishap: (call) => (call === 0 ? { status: 429, headers: { 'retry-after': '90' } } : undefined),
    })
    const { clock, making } = bench()
    const made = await makeOAuth(recipeFor(server), making())
    expect(!made.ok && made.error.retryAfterMs).toBe(90_000)
    await clock.advance(89_999)
    expect(problemOf(await makeOAuth(recipeFor(server), making()))).toContain('upstream_unreachable')
    await clock.advance(1)
    expect(tokenOf(await makeOAuth(recipeFor(server), making()))).toBe('at-1-rt-0')
  })

  it('is asked again where the clock was set back since it failed', async () => {
    const server = await serve({ mishap: (call) => (call === 0 ? { status: 503 } : undefined) })
    const stores = createMemoryStores()
    const wrong = createVirtualClock()
    const ahead = createBench({
      clock: { ...wrong, now: () => wrong.now() + 86_400_000 },
      env: { REFRESH: 'rt-0' },
      stores,
    })
    expect(problemOf(await makeOAuth(recipeFor(server), ahead.making()))).toContain('upstream_unreachable')
    expect(tokenOf(await makeOAuth(recipeFor(server), bench(stores).making()))).toBe('at-1-rt-0')
  })

  it.each([
    ['a wrong client secret', { status: 401, body: '{"error":"invalid_client"}' }, '(invalid_client)'],
    [
      'a refusal with status 200',
      { status: 200, body: '{"error":"incorrect_client_credentials"}' },
      '(incorrect_client_credentials)',
    ],
    [
      'a refusal in an object',
      { status: 400, body: '{"error":{"code":"unauthorized_client"}}' },
      '(unauthorized_client)',
    ],
    ['a refusal that is no code', { status: 400, body: '{"error":"rt-0 <b>"}' }, '(unreadable_error)'],
    ['a page', { status: 403, body: '<html>rt-0' }, '(status_403)'],
  ])('is asked again after %s, as that can be mended', async (_name, mishap, said) => {
    const server = await serve({ mishap: (call) => (call === 0 ? mishap : undefined) })
    const { clock, making } = bench()
    const problem = problemOf(await makeOAuth(recipeFor(server), making()))
    expect(problem).toContain(`missing_credential: credential acct: the token endpoint refuses the refresh ${said}`)
    expect(problem).not.toContain('rt-0')
    await clock.advance(refreshPauseMs)
    expect(tokenOf(await makeOAuth(recipeFor(server), making()))).toBe('at-1-rt-0')
  })

  it.each([
    'invalid_grant',
    'bad_refresh_token',
    'refresh_token_reused',
    'refresh_token_expired',
    'refresh_token_invalidated',
  ])('is never asked again with a token that it called %s', async (error) => {
    const server = await serve({ mishap: () => ({ status: 400, body: JSON.stringify({ error }) }) })
    const { clock, making } = bench()
    await makeOAuth(recipeFor(server), making())
    await clock.advance(86_400_000)
    expect(problemOf(await makeOAuth(recipeFor(server), making()))).toContain(`(${error}): log in again`)
    expect(server.forms).toHaveLength(1)
  })

  it.each([
    ['a private address', {}, { allowPrivate: false, allowHttp: false, egress: null }],
    ['a plain connection', {}, { allowPrivate: true, allowHttp: false, egress: null }],
    ['something that is no URL', { tokenUrl: 'token' }, { allowPrivate: true, allowHttp: true, egress: null }],
  ])('gets nothing at %s that was not allowed', async (_name, more, way) => {
    const server = await serve()
    const made = await makeOAuth(recipeFor(server, more), bench().making({ way }))
    expect(problemOf(made)).toBe(
      'blocked_endpoint: credential acct: token_url is not allowed; see allow_private and allow_http',
    )
    expect(server.forms).toEqual([])
  })

  it.each([
    ['a line break', 'rt\n0', 'not one line of text'],
    ['more than a header holds', 'x'.repeat(16 * 1024 + 1), 'not one line of text'],
  ])('is never sent a refresh token with %s', async (_name, token, said) => {
    const server = await serve()
    const { making } = bench(undefined, { REFRESH: token })
    expect(problemOf(await makeOAuth(recipeFor(server), making()))).toContain(said)
    expect(server.forms).toEqual([])
  })

  it('is not believed an access token that would break a header, or an answer without end', async () => {
    for (const body of [
      JSON.stringify({ access_token: 'a\r\nx: y' }),
      `{"access_token":"${'x'.repeat(20_000)}"}`,
      ' '.repeat(300_000),
    ]) {
      const server = await serve({ mishap: () => ({ status: 200, body }) })
      expect(problemOf(await makeOAuth(recipeFor(server), bench().making()))).toContain('upstream_unreachable')
    }
  })
})

describe('many at once', () => {
  it('make one refresh of 1,000 calls on an expired token, over as many instances as there are', async () => {
    const server = await serve({ delayMs: 50 })
    const stores = createMemoryStores()
    const benches: Bench[] = Array.from({ length: 1000 }, () =>
      createBench({ clock: realClock, env: { REFRESH: 'rt-0' }, stores }),
    )
    const made = await Promise.all(benches.map((one) => makeOAuth(recipeFor(server), one.making())))
    expect(new Set(made.map(tokenOf))).toEqual(new Set(['at-1-rt-0']))
    expect(server.forms).toHaveLength(1)
  })

  it('take over from an instance that died with the lease, when it has run out', async () => {
    const server = await serve()
    const { clock, ports, making } = bench()
    await ports.stores.coordination?.acquire('refresh/oauth/acct', 'the dead', clock.now(), refreshLeaseMs)
    const began = clock.mono()
    const made = await moving(makeOAuth(recipeFor(server), making()), clock, 100)
    expect(tokenOf(made)).toBe('at-1-rt-0')
    expect(clock.mono() - began).toBeGreaterThanOrEqual(refreshLeaseMs - 1000)
    expect(clock.mono() - began).toBeLessThan(refreshLeaseMs + 2000)
  })
})
