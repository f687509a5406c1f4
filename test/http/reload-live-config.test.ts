// What takes the place of the configuration in use, what does not, and what is told of it.
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { parseConfig } from '../../src/catalog/parse-config.ts'
import { fixedSettingNames } from '../../src/operations/fixed-settings.ts'
import {
  createLiveConfig,
  rejectionLimits,
  reloadOutcome,
  type Candidate,
  type LiveConfigOptions,
} from '../../src/operations/live-config.ts'

const base = {
  providers: { mock: { type: 'mock' } },
  routes: { a: { targets: [{ provider: 'mock', model: 'echo' }] } },
  storage: { kind: 'memory' },
}

function candidate(document: unknown, secrets?: Record<string, string>): Candidate {
  const compiled = compileConfig({ document, ...(secrets && { secrets: { api_key_overrides: secrets } }) })
  return { print: JSON.stringify([document, secrets]), compiled }
}

function good(document: unknown, secrets?: Record<string, string>) {
  const { print, compiled } = candidate(document, secrets)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return { print, compiled }
}

function liveOf(options: Partial<LiveConfigOptions> = {}) {
  let now = 1000
  const live = createLiveConfig({
    first: good(base),
    source: { kind: 'file', name: '/x.jsonc' },
    now: () => now++,
    fixed: fixedSettingNames,
    ...options,
  })
  return live
}

describe('a configuration that is offered', () => {
  it('takes the place of the other one, and says what changed by the names of the file', () => {
    const live = liveOf()
    const before = live.current().revision
    const offered = live.offer(
      candidate({
        ...base,
        providers: { ...base.providers, groq: { type: 'groq' } },
        routes: { b: base.routes.a },
        observability: { log_level: 'debug' },
        policy: { cost_aware: true },
        models: { m: { cost: { input: 1 } } },
      }),
    )
    expect(offered).toMatchObject({ kind: 'accepted', previous: before, revision: live.current().revision })
    expect(offered).toMatchObject({
      changed: ['providers.groq', 'models.m', 'routes.a', 'routes.b', 'policy', 'observability'],
      needsRestart: [],
    })
    expect(live.current().routes.has('b')).toBe(true)
    expect(live.status()).toMatchObject({ revision: live.current().revision, loadedAt: 1001, rejected: null })
  })

  it('is unchanged where it is the same document', () => {
    const live = liveOf()
    const { current } = live
    const before = current()
    expect(live.offer(candidate(base))).toMatchObject({ kind: 'unchanged', revision: before.revision, changed: [] })
    expect(current()).toBe(before)
  })

  it('is another snapshot where only the value of a secret differs, though the revision is the same', () => {
    const live = liveOf({ first: good(base, { A: 'first-value-of-a-key' }) })
    const before = live.current()
    const offered = live.offer(candidate(base, { A: 'other-value-of-a-key' }))
    expect(offered).toMatchObject({ kind: 'accepted', changed: ['secrets.A'] })
    expect(JSON.stringify(offered)).not.toContain('value-of-a-key')
    expect(live.current()).not.toBe(before)
    expect(live.secrets.get('A')).toBe('other-value-of-a-key')
  })

  it('names the provider whose key stands in the file and is another one', () => {
    const provider = (key: string) => ({ ...base, providers: { ...base.providers, p: { type: 'groq', api_key: key } } })
    const live = liveOf({ first: good(provider('gsk_one_one_one_one')) })
    const offered = live.offer(candidate(provider('gsk_two_two_two_two')))
    expect(offered).toMatchObject({ kind: 'accepted', changed: ['providers.p'] })
  })

  it('counts the order of globs as a change of routes', () => {
    const glob = (match: string) => ({ match: { model: match }, targets: base.routes.a.targets })
    const live = liveOf({ first: good({ ...base, routes: { x: glob('a*c'), y: glob('a*d') } }) })
    const offered = live.offer(candidate({ ...base, routes: { y: glob('a*d'), x: glob('a*c') } }))
    expect(offered).toMatchObject({ kind: 'accepted', changed: ['routes'] })
  })
})

describe('F-75: a configuration that is refused', () => {
  it('changes nothing, says why, and stays visible until a good one is there', () => {
    const live = liveOf()
    const before = live.current()
    const bad = candidate({ ...base, routes: { a: { targets: [{ provider: 'nobody', model: 'm' }] } } })
    const offered = live.offer(bad)
    expect(offered).toMatchObject({ kind: 'rejected', isNew: true })
    expect(live.current()).toBe(before)
    expect(live.status().rejected).toMatchObject({ at: 1001, problems: [expect.stringContaining('nobody')] })
    // The same again is no news, and its time is the first one.
    expect(live.offer(bad)).toMatchObject({ kind: 'rejected', isNew: false })
    expect(live.status().rejected?.at).toBe(1001)
    const outcome = reloadOutcome(offered, before.revision)
    expect(outcome).toMatchObject({ ok: false, error: { code: 'invalid_configuration', status: 422 } })
    expect(live.offer(candidate(base))).toMatchObject({ kind: 'unchanged' })
    expect(live.status().rejected).toBeNull()
  })

  it('is one that a gateway would not start with', () => {
    const live = liveOf({ refusals: ({ snapshot }) => (snapshot.keys.length > 0 ? ['key ci: not set'] : []) })
    const offered = live.offer(candidate({ ...base, keys: [{ id: 'ci', env: 'CI', role: 'client' }] }))
    expect(offered).toMatchObject({ kind: 'rejected', problems: ['key ci: not set'] })
    expect(live.current().keys).toEqual([])
  })

  it('is told of in bounds, and without what looks like a key', () => {
    const live = liveOf({
      refusals: () => Array.from({ length: 50 }, (_, at) => `${at} sk-abcdefgh12345678 ${'x'.repeat(900)}`),
    })
    live.offer(candidate({ ...base, policy: { cost_aware: true } }))
    const { problems } = live.status().rejected ?? { problems: [] }
    expect(problems).toHaveLength(rejectionLimits.problems + 1)
    expect(problems.at(-1)).toBe('and 30 more')
    for (const problem of problems) {
      expect(problem.length).toBeLessThanOrEqual(rejectionLimits.problemLength)
      expect(problem).not.toContain('sk-abcdefgh')
    }
  })

  it('is one that is larger than a configuration may be', () => {
    const parsed = parseConfig(`{${' '.repeat(8 * 1024 * 1024)}}`)
    if (parsed.ok) throw new Error('it was parsed')
    const live = liveOf()
    const offered = live.offer({ print: 'large', compiled: { ...parsed, warnings: [] } })
    expect(offered).toMatchObject({ kind: 'rejected', problems: ['larger than 8388608 characters'] })
  })
})

describe('what a gateway cannot change while it runs', () => {
  it.each<[string, object, string[]]>([
    ['where it listens', { server: { host: '::1', port: 9 } }, ['server.host', 'server.port']],
    [
      'what its listener was made with',
      { server: { limits: { header_timeout_ms: 5, max_header_bytes: 99_999 } } },
      ['server.limits.header_timeout_ms', 'server.limits.max_header_bytes'],
    ],
    ['its store', { storage: { kind: 'sqlite', path: 'other.sqlite' } }, ['storage.kind', 'storage.path']],
    ['with whom it agrees', { coordination: { backend: 'store' } }, ['coordination']],
  ])('is %s: kept from the start and told, until it is as it was', (_name, change, needsRestart) => {
    const live = liveOf()
    const { server, storage, coordination } = live.current()
    const offered = live.offer(candidate({ ...base, ...change, policy: { cost_aware: true } }))
    expect(offered).toMatchObject({ kind: 'accepted', needsRestart, changed: ['policy'] })
    expect(live.current()).toMatchObject({ server, storage, coordination, policy: { costAware: true } })
    expect(live.status().needsRestart).toEqual(needsRestart)
    expect(live.offer(candidate(base))).toMatchObject({ kind: 'accepted', needsRestart: [] })
    expect(live.status().needsRestart).toEqual([])
  })

  it('is nothing that was not listed', () => {
    const live = liveOf({ fixed: ['coordination'] })
    expect(live.offer(candidate({ ...base, server: { port: 9 } }))).toMatchObject({ needsRestart: [] })
    expect(live.current().server.port).toBe(9)
  })
})
