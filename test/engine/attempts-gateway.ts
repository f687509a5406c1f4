// A gateway of four providers whose every call is scripted, for tests of the loop over targets.
import type { Coordinator, Session } from '../../src/coordination/coordinator.ts'
import type { Use, UseOutcome } from '../../src/coordination/event.ts'
import { createMemoryCoordinator } from '../../src/coordination/memory.ts'
import { GatewayError } from '../../src/ir/error.ts'
import type { Cancellation, FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { chatProvider, createTestApp, jsonAnswer, streamAnswer, type TestApp } from '../support/app.ts'
import { chatAnswer, chatChunk } from '../support/upstream.ts'

/** What a provider does with its n-th call (from 1). */
export type Script = (n: number, request: FetchRequest) => FetchResponse | Promise<FetchResponse>

/** A use from its beginning to its end. */
export interface Told {
  readonly use: Use
  readonly outcomes: UseOutcome[]
}

export interface AttemptsGateway extends TestApp {
  /** The providers that were called, in order: `one`, `two`, `three`, `four`. */
  called(): readonly string[]
  /** Every use that began, with each end it was told. */
  readonly told: readonly Told[]
  ask(model?: string, init?: { readonly stream?: boolean; readonly signal?: AbortSignal }): Promise<Response>
  attempts(row?: number): readonly Record<string, unknown>[]
}

export interface GatewaySetup {
  readonly scripts?: Readonly<Partial<Record<ProviderName, Script>>>
  readonly accounts?: readonly string[]
  /** Of the route `r`. */
  readonly targets?: readonly object[]
  readonly route?: object
  readonly config?: object
  /** Whoever keeps count is far away: what has to be asked is answered later. */
  readonly isFar?: boolean
  /** How long that takes, in milliseconds. */
  readonly farMs?: number
}

const names = ['one', 'two', 'three', 'four'] as const

export type ProviderName = (typeof names)[number]

/** Two targets by default, `one` before `two`, no retries, breakers as they come. */
export function attemptsGateway(setup: GatewaySetup = {}): AttemptsGateway {
  const counts = new Map<string, number>()
  const told: Told[] = []
  const config = (setup.config ?? {}) as { readonly models?: object; readonly routes?: object }
  const test = createTestApp({
    upstream: (request) => {
      const name = providerOf(request)
      const n = (counts.get(name) ?? 0) + 1
      counts.set(name, n)
      return (setup.scripts?.[name] ?? well)(n, request)
    },
    env: { K: 'sk-key-of-everybody-1234' },
    coordinator(clock, random) {
      const { isFar = false, farMs } = setup
      const wait = (): Promise<void> =>
        farMs === undefined ? Promise.resolve() : new Promise((resolve) => void clock.after(farMs, resolve))
      return listening(createMemoryCoordinator(clock, random), told, isFar ? wait : undefined)
    },
    config: {
      config_version: 1,
      credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
      providers: Object.fromEntries(
        names.map((name) => [
          name,
          chatProvider(name, {
            accounts: (name === 'one' ? (setup.accounts ?? ['a']) : ['a']).map((id) => ({ id, credential: 'k' })),
          }),
        ]),
      ),
      storage: { kind: 'memory' },
      ...config,
      routes: {
        r: {
          targets: setup.targets ?? [
            { provider: 'one', model: 'm1', priority: 1 },
            { provider: 'two', model: 'm2', priority: 2 },
          ],
          ...setup.route,
        },
        ...config.routes,
      },
    },
  })
  return Object.assign(test, {
    called: () => test.sent.map(providerOf),
    told,
    ask: (model = 'r', { stream = false, signal }: { stream?: boolean; signal?: AbortSignal } = {}) =>
      test.request('/v1/chat/completions', {
        json: { model, messages: [{ role: 'user', content: 'hi' }], ...(stream && { stream }) },
        ...(signal !== undefined && { signal }),
      }),
    attempts: (row = -1) => JSON.parse(test.traces.at(row)?.detail ?? '{}').attempts as Record<string, unknown>[],
  })
}

export function providerOf({ url }: FetchRequest): ProviderName {
  return names.find((name) => url.includes(`//${name}.`)) ?? 'one'
}

function listening(inner: Coordinator, told: Told[], wait: (() => Promise<void>) | undefined): Coordinator {
  const open = new Map<Use, Told>()
  const heard = (session: Session): Session => ({
    ...session,
    began(use) {
      const entry = { use, outcomes: [] }
      open.set(use, entry)
      told.push(entry)
      session.began(use)
    },
    ended(use, outcome, settings) {
      const entry = open.get(use)
      if (entry === undefined) throw new Error('a use ended that never began')
      entry.outcomes.push(outcome)
      session.ended(use, outcome, settings)
    },
    claimProbe: (target) =>
      wait === undefined ? session.claimProbe(target) : wait().then(() => session.claimProbe(target)),
  })
  return {
    ...inner,
    async admit(ask) {
      const admitted = await inner.admit(ask)
      return admitted.ok ? { ok: true, value: heard(admitted.value) } : admitted
    },
  }
}

const good = [
  chatChunk({ role: 'assistant', content: '' }),
  chatChunk({ content: 'hello' }),
  chatChunk({}, 'stop'),
  'data: [DONE]\n\n',
]

/** Answers, streamed or whole as it was asked. */
export const well: Script = (_n, request) => (wantsStream(request) ? streamAnswer(good) : jsonAnswer(chatAnswer()))

/** Answers with a status; `error` is what stands in the body. */
export function status(code: number, headers: Record<string, string> = {}, error: object = { message: 'no' }): Script {
  return () => jsonAnswer({ error }, code, headers)
}

/** Fails as the transports do, with the code of the runtime. */
export function broken(code: string): Script {
  return () => {
    throw new GatewayError('upstream_unreachable', { upstream: { code } })
  }
}

/** The scripts one after the other; the last one stays. */
export function inTurn(...scripts: readonly Script[]): Script {
  return (n, request) => (scripts[Math.min(n, scripts.length) - 1] ?? well)(n, request)
}

/** Says nothing until it is cancelled. */
export const silent: Script = (_n, { cancellation }) => never(cancellation)

function never(cancellation: Cancellation): Promise<never> {
  return new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('cancelled'))))
}

export function wantsStream({ body }: FetchRequest): boolean {
  return /"stream":true/.test(new TextDecoder().decode(body))
}
