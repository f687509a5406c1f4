// Serves rows of the fault catalogue on one runtime, each with providers, routes, locks and breakers of its own, and asserts
// what they expect of it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RuntimeName } from '../support/gateway-process.ts'
import type { Certificates } from '../support/certificates.ts'
import { respond, type Entrance, type Reaction } from './fault-upstream.ts'
import {
  namesOf,
  type Expectation,
  type FaultRow,
  type Lock,
  type Place,
  type RowNames,
  type TlsPlace,
} from './catalogue.ts'
import {
  healthyProvider,
  localProvider,
  startFaultGateway,
  type Answered,
  type FaultGateway,
  type Ground,
  type Parts,
  type Trace,
} from './gateway.ts'

export interface RunOptions {
  /** Members of `server` and other sections. */
  readonly sections?: object
  readonly env?: Readonly<Record<string, string>>
}

/** Declares one test per row, named by its id. Rows that are not `everywhere` run on Node only. */
export function describeRows(runtime: RuntimeName, rows: readonly FaultRow[], options: RunOptions = {}): void {
  describe(`faults of a provider on ${runtime}`, () => {
    const shown = rows
      .map((row, index) => ({ row, names: namesOf(row, index) }))
      .filter(({ row }) => runtime === 'node' || row.everywhere === true)
    let gateway: FaultGateway
    let hasCertificates = false

    beforeAll(async () => {
      gateway = await startFaultGateway(runtime, async (ground) => {
        hasCertificates = ground.certificates !== undefined
        return { ...(await partsOf(shown, ground)), ...options }
      })
      // What a runtime does once is done before anybody looks at times.
      const [first] = shown
      if (first !== undefined) await gateway.ask({ model: `${first.names.healthy}/m`, stream: true })
      gateway.upstream.forget()
    })
    afterAll(() => gateway?.stop())

    for (const { row, names } of shown) {
      const name = `${row.id} · ${row.title}`
      const skipped = row.skip?.[runtime]
      if (skipped !== undefined) it.skip(`${name} (${skipped})`, () => {})
      else
        it(name, async ({ skip }) => {
          if (!hasCertificates && isTls(row.fault.place)) skip('openssl is not installed')
          await runRow(gateway, row, names)
        })
    }
  })
}

function isTls(place: Place | undefined): boolean {
  return typeof place === 'string' && place.startsWith('tls')
}

async function partsOf(
  shown: readonly { readonly row: FaultRow; readonly names: RowNames }[],
  ground: Ground,
): Promise<Parts> {
  const providers: Record<string, object> = {}
  const routes: Record<string, object> = {}
  for (const { row, names } of shown) {
    for (const name of [names.faulty, names.faultyAlone]) {
      const url = await addressOf(row.fault.place ?? 'http', ground)
      if (url === undefined) continue
      ground.upstream.on(name, ...(await reactionsOf(row, ground)))
      providers[name] = localProvider(url, name, row.provider)
    }
    if (providers[names.faulty] === undefined) continue
    providers[names.healthy] = healthyProvider(ground.upstream, names.healthy)
    const targetOf = (provider: string): object => ({ provider, model: 'm', priority: 1, ...row.target })
    const route = { breaker: { failure_threshold: 1 }, ...row.route }
    routes[names.alone] = { ...route, targets: [targetOf(names.faultyAlone)] }
    const behind = { provider: names.healthy, model: 'm', priority: 2 }
    routes[names.withFallback] = { ...route, targets: [targetOf(names.faulty), behind] }
  }
  return { providers, routes }
}

async function reactionsOf({ fault }: FaultRow, { upstream }: Ground): Promise<readonly Reaction[]> {
  if (fault.place !== 'redirects-away') return fault.does ?? []
  const elsewhere = await upstream.open({ kind: 'http' })
  return [respond(307, '', { location: `${elsewhere}/elsewhere/v1/chat/completions` })]
}

/** One of its own, so that no other row leaves a connection to it. Undefined where the place needs certificates that cannot be made. */
async function addressOf(place: Place, { upstream, certificates }: Ground): Promise<string | undefined> {
  if (typeof place === 'object') return place.url
  switch (place) {
    case 'http':
    case 'redirects-away':
      return upstream.open({ kind: 'http' })
    case 'localhost':
      return (await upstream.open({ kind: 'http' })).replace('127.0.0.1', 'localhost')
    case 'refused':
    case 'reset':
    case 'silent':
    case 'dropped':
      return upstream.open({ kind: place })
    default:
      return certificates && upstream.open(tlsEntrance(place, certificates))
  }
}

function tlsEntrance(place: TlsPlace, { expired, wrongName, selfSigned, good }: Certificates): Entrance {
  switch (place) {
    case 'tls-expired':
      return { kind: 'tls', certificate: expired }
    case 'tls-wrong-name':
      return { kind: 'tls', certificate: wrongName }
    case 'tls-self-signed':
      return { kind: 'tls', certificate: selfSigned }
    case 'tls-old-version':
      // Security level 0, or OpenSSL itself would not offer it.
      return {
        kind: 'tls',
        certificate: good,
        options: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      }
  }
}

async function runRow(gateway: FaultGateway, row: FaultRow, names: RowNames): Promise<void> {
  const wanted: Expectation = { ...row.expect, ...row.differs?.[gateway.runtime]?.expect }
  const { upstream } = gateway
  const calls = wanted.calls ?? 1

  const alone = await gateway.ask({ ...row.request, model: names.alone })
  const aloneTrace = await gateway.trace(alone.requestId)
  expectAlone(wanted, alone, aloneTrace)
  expect(upstream.of(names.faultyAlone), 'calls of the failing provider').toHaveLength(calls)

  const withFallback = await gateway.ask({ ...row.request, model: names.withFallback })
  const fallbackTrace = await gateway.trace(withFallback.requestId)
  const fallsBack = wanted.fallsBack !== false && wanted.alone.code !== null
  if (fallsBack) expectServed(withFallback, fallbackTrace, names)
  else expectAlone(wanted, withFallback, fallbackTrace)
  if (fallsBack) expect(fallbackTrace.attempts[0]?.error, 'the first attempt').toBe(wanted.alone.code)
  expect(upstream.of(names.faulty), 'calls before the fallback').toHaveLength(calls)
  expect(upstream.of(names.healthy), 'calls of the healthy provider').toHaveLength(fallsBack ? 1 : 0)

  await expectLeft(gateway, row, names, wanted)
  await row.also?.({
    gateway,
    alone,
    aloneTrace,
    received: upstream.of(names.faultyAlone),
    withFallback,
    fallbackTrace,
  })
  const headers = [alone, withFallback].map((one) => JSON.stringify(Object.fromEntries(one.headers)))
  const traces = [aloneTrace, fallbackTrace].map((one) => JSON.stringify(one))
  expect(gateway.leaks(alone.text, withFallback.text, ...headers, ...traces), 'keys that got out').toEqual([])
}

function expectAlone({ alone: wanted }: Expectation, answered: Answered, trace: Trace): void {
  const outcome = wanted.outcome ?? (wanted.code === null ? 'succeeded' : 'failed')
  expect(
    { status: answered.status, code: trace.error_code, outcome: trace.outcome, broken: answered.broken },
    answered.text,
  ).toEqual({ status: wanted.status, code: wanted.code, outcome, broken: false })
  for (const text of wanted.says ?? []) expect(answered.text).toContain(text)
  for (const text of wanted.never ?? []) expect(answered.text).not.toContain(text)
  // The stable code stands in a header of every error answer.
  if (wanted.status >= 400) expect(answered.headers.get('x-signalbox-error-code')).toBe(wanted.code)
  if (wanted.status === 429 || wanted.status === 503)
    expect(Number(answered.headers.get('retry-after')), 'retry-after').toBeGreaterThanOrEqual(1)
}

function expectServed(answered: Answered, trace: Trace, { healthy }: RowNames): void {
  expect([answered.status, answered.text]).toEqual([200, expect.stringContaining('from')])
  expect(answered.headers.get('x-used-provider')).toBe(healthy)
  expect(answered.headers.get('x-used-fallback')).toBe('true')
  expect({ outcome: trace.outcome, provider: trace.provider }).toEqual({ outcome: 'succeeded', provider: healthy })
}

interface AccountRow {
  readonly account: string | null
  readonly locks: readonly { readonly reason: string; readonly since: string; readonly until: string }[]
}

/** What the first request left behind for the next one. */
async function expectLeft(
  gateway: FaultGateway,
  row: FaultRow,
  names: RowNames,
  { leaves, alone, calls: each = 1, callsAgain = 2 * each }: Expectation,
): Promise<void> {
  const accounts = await gateway.operation<readonly AccountRow[]>('accounts-list', { provider: names.faulty })
  const locks = accounts.flatMap((account) => account.locks)
  const ask = async (model: string): Promise<Answered> => gateway.ask({ ...row.request, model })
  const callsOf = (name: string): number => gateway.upstream.of(name).length
  if (typeof leaves === 'object') expectLock(locks, leaves)
  else expect(locks, 'locks').toEqual([])
  if (leaves === 'nothing') {
    await ask(names.withFallback)
    expect(callsOf(names.faulty), 'the next request tries it again').toBe(callsAgain)
    const again = await ask(names.alone)
    return expect([again.status, callsOf(names.faultyAlone)], 'as before').toEqual([alone.status, callsAgain])
  }
  const next = await ask(names.withFallback)
  expect([next.status, next.headers.get('x-used-provider')]).toEqual([200, names.healthy])
  expect(callsOf(names.faulty), 'the next request leaves it out').toBe(each)
  const refused = await ask(names.alone)
  expect(refused.status, 'nobody is left').toBe(alone.code === 'upstream_rate_limited' ? 429 : 503)
  expect(Number(refused.headers.get('retry-after')), 'retry-after').toBeGreaterThanOrEqual(1)
  expect(callsOf(names.faultyAlone), 'and nobody is called').toBe(each)
  if (typeof leaves === 'string') return
  // It was the lock and nothing else, where nothing else is expected.
  await gateway.operation('accounts-reset', { provider: names.faulty })
  await ask(names.withFallback)
  expect(callsOf(names.faulty), 'without the lock').toBe(leaves.breaker === true ? each : callsAgain)
}

function expectLock(
  locks: readonly { readonly reason: string; readonly since: string; readonly until: string }[],
  { lock, seconds: [least, most] }: Lock,
): void {
  expect(locks.map(({ reason }) => reason)).toEqual([lock])
  const [found] = locks
  const seconds = (Date.parse(found?.until ?? '') - Date.parse(found?.since ?? '')) / 1000
  expect(seconds).toBeGreaterThanOrEqual(least - 1)
  expect(seconds).toBeLessThanOrEqual(most + 1)
}
