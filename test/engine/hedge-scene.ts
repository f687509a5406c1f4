// A gateway that hedges, and providers that take their time on the test's clock and note who was called off when.
import { expect } from 'vitest'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { jsonAnswer, pieces, type TestSource } from '../support/app.ts'
import { chatAnswer } from '../support/upstream.ts'
import {
  attemptsGateway,
  well,
  type AttemptsGateway,
  type GatewaySetup,
  type ProviderName,
  type Script,
} from './attempts-gateway.ts'

/** A provider's reaction after so many milliseconds; `Infinity`: never. */
export interface Timed {
  readonly ms: number
  readonly script?: Script
}

export interface HedgeScene extends AttemptsGateway {
  /** When each call left, in milliseconds since the scene began. */
  readonly started: readonly (readonly [ProviderName, number])[]
  /** When calls were called off before their answer. */
  readonly calledOff: readonly (readonly [ProviderName, number])[]
  /** The most calls that were under way at once. */
  most(): number
  /** Calls that are under way. */
  underWay(): number
  /** What is known of the targets and slots now. */
  look(): Promise<{
    readonly loads: readonly unknown[]
    readonly slots: number
    readonly locks: readonly string[]
    readonly speeds: readonly string[]
    readonly probes: readonly unknown[]
  }>
}

export interface HedgeSetup extends Omit<GatewaySetup, 'scripts'> {
  /** The n-th call of a provider takes the n-th; the last one stays. */
  readonly timed: Readonly<Partial<Record<ProviderName, Timed | readonly Timed[]>>>
  readonly hedge?: object
  readonly policy?: object
}

/** Targets of the route `r`, one of each provider named, first to last. */
export function targetsOf(...names: readonly ProviderName[]): object[] {
  return names.map((provider, at) => ({ provider, model: `m-${provider}`, priority: at }))
}

/** Hedges after 100 ms, with two at once, unless the setup says otherwise. */
export function hedgeScene(setup: HedgeSetup): HedgeScene {
  const started: [ProviderName, number][] = []
  const calledOff: [ProviderName, number][] = []
  let underWay = 0
  let most = 0
  const { timed, hedge, policy, config, ...rest } = setup

  function react(name: ProviderName, n: number, request: FetchRequest): Promise<FetchResponse> {
    const all = [timed[name] ?? []].flat()
    const { ms, script = well } = all[Math.min(n, all.length) - 1] ?? { ms: 0 }
    started.push([name, test.clock.mono()])
    most = Math.max(most, ++underWay)
    return new Promise<FetchResponse>((resolve, reject) => {
      let disarm = (): void => {}
      const over = (): void => void underWay--
      request.cancellation.onCancel(() => {
        disarm()
        calledOff.push([name, test.clock.mono()])
        over()
        reject(new Error('called off'))
      })
      if (ms === Infinity) return
      disarm = test.clock.after(ms, () => {
        request.cancellation.onCancel(() => {})
        over()
        void Promise.resolve()
          .then(() => script(n, request))
          .then(resolve, reject)
      })
    })
  }

  const names = Object.keys(timed) as ProviderName[]
  const test = attemptsGateway({
    targets: targetsOf('one', 'two', 'three'),
    ...rest,
    route: { fallback: { max_attempts: 4 }, ...rest.route },
    scripts: Object.fromEntries(names.map((name) => [name, (n, request) => react(name, n, request)] as const)),
    config: {
      ...config,
      policy: { hedge: { enabled: true, delay_ms: 100, max_parallel: 2, ...hedge }, ...policy },
    },
  })
  return Object.assign(test, {
    started,
    calledOff,
    most: () => most,
    underWay: () => underWay,
    async look() {
      const view = await test.app.operations().coordination?.look()
      return {
        loads: [...(view?.health.loads ?? [])],
        slots: [...(view?.slots ?? [])].reduce((sum, [, used]) => sum + used, 0),
        locks: (view?.locks ?? []).map(({ provider, reason }) => `${provider} ${reason}`),
        speeds: [...(view?.health.speeds ?? [])].map(([key]) => key),
        probes: [...(view?.health.breakers ?? [])].flatMap(([, { probe }]) => (probe === null ? [] : [probe])),
      }
    },
  })
}

/** An answer whose headers are there and whose body does not come until the call is called off. */
export function stalledBody(seen: TestSource[]): Script {
  return (_n, { cancellation }) => {
    const inner = pieces([])
    let fail = (_cause: Error): void => {}
    cancellation.onCancel(() => fail(new Error('called off')))
    const body: TestSource = { ...inner, read: () => new Promise((_resolve, reject) => (fail = reject)) }
    seen.push(body)
    return { status: 200, headers: new Headers({ 'content-type': 'application/json' }), body }
  }
}

/** It says nothing. */
export const never: Timed = { ms: Infinity }

/** A Chat answer with this text. */
export function answer(text: string, usage?: object): Script {
  const whole = chatAnswer(text)
  return () => jsonAnswer(usage === undefined ? whole : { ...whole, usage })
}

/** A request's answer, once the clock has moved on. */
export async function settled(test: HedgeScene, asked: Promise<Response>, ms: number): Promise<Response> {
  await test.clock.advance(ms)
  return asked
}

/** Neither timers nor slots, loads or probes are left, and every use ended once. */
export async function expectNothingLeft(test: HedgeScene): Promise<void> {
  for (const { outcomes } of test.told) expect(outcomes).toHaveLength(1)
  const { loads, slots, probes } = await test.look()
  expect({ loads, slots, probes }).toEqual({ loads: [], slots: 0, probes: [] })
  expect({ timers: test.clock.pending(), underWay: test.underWay() }).toEqual({ timers: 0, underWay: 0 })
}
