// What has to hold of the gateway at every step of a simulation and at its end, by the names of the invariants.
import type { CoordinationView } from '../../src/coordination/coordinator.ts'
import type { Breaker } from '../../src/policy/breaker.ts'
import type { Lock } from '../../src/policy/locks.ts'
import { lockKey, targetKey } from '../../src/policy/health.ts'
import type { Clock, TraceRow } from '../../src/ports/index.ts'
import type { SimulatedUpstream, UpstreamCall } from './simulated-upstream.ts'
import type { ClientRecord } from './simulation.ts'

export interface Oracle {
  /** A provider is about to be called for a client; undefined where nobody knows for which. */
  called(provider: string, client: ClientRecord | undefined): void
  /** Time has passed. */
  step(clients: readonly ClientRecord[]): void
  /** Nothing is under way any more. */
  quiescent(clients: readonly ClientRecord[], inFlight: number): void
  /** These asked when all was well. */
  alive(clients: readonly ClientRecord[]): void
  complain(violation: string): void
  violations(): readonly string[]
}

interface OracleOptions {
  readonly clock: Clock
  readonly view: () => CoordinationView
  readonly upstream: SimulatedUpstream
  readonly traces: readonly TraceRow[]
}

const graceMs = 100

// Judged here and not by the code under test.
function phaseOf(breaker: Breaker | undefined, now: number): 'closed' | 'open' | 'half_open' {
  if (breaker === undefined || !breaker.isOpen) return 'closed'
  return breaker.until > now ? 'open' : 'half_open'
}

/** An oracle that has seen nothing yet. */
export function createOracle({ clock, view, upstream, traces }: OracleOptions): Oracle {
  const violations: string[] = []
  let breakers = new Map<string, Breaker>()
  let locks = new Map<string, Lock>()
  let wasOff = false
  const complain = (text: string): void => void violations.push(`${Math.round(clock.mono())} ms: ${text}`)
  const keyOf = (provider: string): string =>
    targetKey({ route: 'all', target: { name: provider, provider, account: null, region: null }, model: 'm' })
  const isOpen = ({ endedAt }: UpstreamCall): boolean => endedAt === null

  // A request whose configuration has no breaker closes one that another configuration had.
  function judgeBreakers({ breakers: current, now }: CoordinationView, mayClose: boolean): void {
    for (const [key, breaker] of current) {
      const before = breakers.get(key)
      if (before === undefined || before.isOpen === breaker.isOpen) continue
      // Through half open, which begins with `until`.
      if (before.isOpen && now < before.until && !mayClose)
        complain(`I-16: ${key} closed ${Math.round(before.until - now)} ms before its time`)
    }
    breakers = new Map(current)
  }

  function judgeLocks(current: readonly Lock[], now: number, maxMs: number): void {
    const next = new Map<string, Lock>()
    for (const lock of current) {
      const key = lockKey(lock.place)
      const before = locks.get(key)
      next.set(key, lock)
      // While it holds nobody begins, so that nobody's success can have lifted it.
      if (before !== undefined && before.until > now && lock.until < before.until)
        complain(`I-19: the lock ${key} was shortened by ${Math.round(before.until - lock.until)} ms`)
      if (lock.until - now > maxMs) complain(`I-19: the lock ${key} holds longer than lock.max_ms`)
    }
    locks = next
  }

  function judgeCalls(clients: readonly ClientRecord[]): void {
    const now = clock.mono()
    for (const call of upstream.calls) {
      const client = clients.find(({ canary }) => canary === call.canary)
      if (client === undefined) continue
      const until = call.endedAt ?? now
      if (until - call.startedAt > client.rules.totalMs + graceMs)
        complain(`I-18: ${call.tag} (${call.fault}) ran for ${Math.round(until - call.startedAt)} ms`)
      if (client.leftAt !== null && until - client.leftAt > graceMs && until > call.startedAt)
        complain(`I-18: ${call.tag} (${call.fault}) ran on after its client had left`)
    }
  }

  function judgeLoad({ health, slots }: CoordinationView, clients: readonly ClientRecord[]): void {
    const loads = [...health.loads.values()].reduce((sum, load) => sum + load, 0)
    const open = upstream.calls.filter(isOpen).length
    // A use goes on while it waits to be tried again, and for the moment in which the end of a body is made of it.
    const waiting = clients.filter(({ isOver, rules }) => !isOver && rules.maxRetries > 0).length
    const isOff = loads < open || loads > open + waiting
    if (isOff && wasOff) complain(`I-15: ${loads} uses are counted and ${open} calls are open`)
    wasOff = isOff
    const limits = clients.flatMap(({ rules }) => (rules.maxConcurrency === null ? Infinity : rules.maxConcurrency))
    const used = slots.get('global') ?? 0
    if (used > Math.max(...limits, 0)) complain(`I-15: ${used} slots are in use`)
  }

  function judgeClient(client: ClientRecord): void {
    const calls = upstream.calls.filter(({ canary }) => canary === client.canary)
    judgeAttempts(client, calls)
    const answering = calls.filter(({ tag }) => client.text.includes(tag))
    // Going on where another one broke off is asked for by the route; nothing else is.
    if (answering.length > 1 && client.rules.streamFailure !== 'continue')
      complain(`I-7: ${client.canary} got parts of ${answering.map(({ tag }) => tag).join()}`)
    const wait = Number(client.retryAfter)
    if ([429, 503].includes(client.status ?? 0) && !(wait >= 1))
      complain(`I-33: ${client.canary} got ${client.status} without Retry-After`)
    if (client.leftAt !== null) return
    if (!client.isOver || client.status === null) return complain(`I-1: ${client.canary} was never answered`)
    judgeEnd(client, answering.at(-1))
  }

  function judgeAttempts({ canary, rules }: ClientRecord, calls: readonly UpstreamCall[]): void {
    const targets = new Set(calls.map(({ provider }) => provider))
    if (targets.size > rules.maxAttempts) complain(`I-6: ${canary} went to ${targets.size} targets`)
    // Who is to go on where an answer broke off may be the one that broke it off.
    const most = 1 + rules.maxRetries + (rules.streamFailure === 'error' ? 0 : 2)
    const uses = Object.groupBy(calls, ({ provider, key }) => `${provider} ${key}`)
    for (const [use, tried = []] of Object.entries(uses))
      if (tried.length > most) complain(`I-6: ${canary} tried ${use} ${tried.length} times`)
    calls.forEach((call, index) => {
      const next = calls[index + 1]
      if (next !== undefined && (call.endedAt ?? Infinity) > next.startedAt)
        complain(`F-83: ${call.tag} was still open when ${next.tag} began`)
    })
  }

  function judgeEnd({ canary, status, streamed, dialect, text }: ClientRecord, answered?: UpstreamCall): void {
    if (status !== 200) return
    if (answered === undefined) return complain(`I-9: ${canary} got a 200 that nobody gave`)
    if (!streamed) {
      if (!answered.finished) complain(`I-9: ${canary} got half of ${answered.tag} as a whole`)
      return
    }
    const terminator = dialect === 'openai-chat' ? 'data: [DONE]' : 'event: message_stop'
    const isComplete = text.includes(terminator)
    if (isComplete !== answered.finished)
      complain(
        `I-9: ${canary} ${isComplete ? 'was told of an end' : 'was not told of the end'} of ${answered.tag} (${answered.fault})`,
      )
    if (!isComplete && !text.includes('error'))
      complain(`I-9: ${canary} was told nothing of the end of ${answered.tag}`)
  }

  function judgeTraces(clients: readonly ClientRecord[]): void {
    const ids = traces.map(({ requestId }) => requestId)
    if (new Set(ids).size !== ids.length) complain('I-1: a request has two traces')
    if (ids.length !== clients.length) complain(`I-1: ${clients.length} requests have ${ids.length} traces`)
    for (const { requestId, canary } of clients)
      if (requestId !== null && !ids.includes(requestId)) complain(`I-1: ${canary} has no trace`)
  }

  return {
    called(provider, client) {
      // Where the configuration of the request has no breaker, what it was before keeps nobody away.
      if (client?.rules.hasBreaker === false) return
      const { breakers: current, now } = view()
      const breaker = current.get(keyOf(provider))
      const phase = phaseOf(breaker, now)
      if (phase === 'open') complain(`I-16: ${provider} was called while its breaker is open`)
      if (phase !== 'half_open') return
      if (breaker?.probe === null) complain(`I-16: ${provider} was called half open by nobody's probe`)
      const others = upstream.calls.filter((call) => isOpen(call) && call.provider === provider)
      if (others.some(({ startedAt }) => startedAt >= (breaker?.until ?? Infinity)))
        complain(`I-16: ${provider} was probed twice at once`)
    },
    step(clients) {
      const now = view()
      const maxMs = Math.max(0, ...clients.map(({ rules }) => rules.lockMaxMs))
      const hasNone = clients.some(({ rules }) => !rules.hasBreaker)
      judgeBreakers(now, hasNone)
      judgeLocks(now.locks, now.now, maxMs)
      judgeLoad(now, clients)
      judgeCalls(clients)
    },
    quiescent(clients, inFlight) {
      judgeTraces(clients)
      clients.forEach(judgeClient)
      const { slots, health, breakers: current } = view()
      const left = [...slots.values(), ...health.loads.values(), inFlight].reduce((sum, count) => sum + count, 0)
      if (left > 0) complain(`I-15: ${left} slots, uses or requests are left`)
      if ([...current.values()].some(({ probe }) => probe !== null)) complain('I-15: a probe is left')
    },
    alive(clients) {
      const failed = clients.filter(({ status }) => status !== 200)
      if (failed.length > 0) complain(`liveness: ${failed.map(({ status }) => status).join()} when all was well`)
      const used = upstream.calls.slice(-clients.length).map(({ provider }) => keyOf(provider))
      const { breakers: current } = view()
      if (used.some((key) => current.get(key)?.isOpen === true)) complain('liveness: a breaker stayed open')
    },
    complain,
    violations: () => violations,
  }
}
