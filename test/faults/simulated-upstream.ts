// Providers of a simulation: every call draws a fault, and goes on, breaks, stalls or ends by the virtual clock. Each call
// marks its content with its own tag, so that what reaches a client can be traced back to it.
import type { ByteSource, Clock, FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { chatAnswer, chatChunk } from '../support/upstream.ts'

/** One call as it was seen by its provider. Times of the monotonic clock; null: still open. */
export interface UpstreamCall {
  readonly tag: string
  /** Of the client: what its question says. */
  readonly canary: string
  readonly provider: string
  readonly key: string
  readonly fault: string
  readonly startedAt: number
  endedAt: number | null
  cancelled: boolean
  /** It said that its answer is whole. */
  finished: boolean
}

export interface SimulatedUpstream {
  fetch(request: FetchRequest): Promise<FetchResponse>
  readonly calls: readonly UpstreamCall[]
  /** From here on everything goes well. */
  heal(): void
}

type Step = { readonly afterMs: number } & (
  | { readonly text: string; readonly finishes?: true }
  | { readonly ends: 'break' | 'hang' }
)

const encoder = new TextEncoder()
const done = 'data: [DONE]\n\n'
const errorEvent = 'data: {"error":{"message":"it broke","type":"server_error","code":null}}\n\n'

/** Faults of a call by name: status and headers, and what follows them. Drawn evenly, but for `ok`. */
const faults = (
  'refused silent silent-after-headers 400 401 403 404 429 429-hint 500 503 529 first-error error truncated stall break ' +
  'empty html no-done drip comments slow'
).split(' ')

/** Providers with a mind of their own. */
export function createSimulatedUpstream(clock: Clock, random: () => number, wellShare: number): SimulatedUpstream {
  const calls: UpstreamCall[] = []
  let healed = false
  const draw = (): string =>
    healed || random() < wellShare ? 'ok' : (faults[Math.floor(random() * faults.length)] ?? 'ok')

  async function fetch(request: FetchRequest): Promise<FetchResponse> {
    const body = new TextDecoder().decode(request.body)
    const call: UpstreamCall = {
      tag: `<call-${calls.length}>`,
      canary: /canary-\d+-/.exec(body)?.[0] ?? '',
      provider: new URL(request.url).hostname.split('.')[0] ?? '',
      key: request.headers['authorization'] ?? '',
      fault: draw(),
      startedAt: clock.mono(),
      endedAt: null,
      cancelled: false,
      finished: false,
    }
    calls.push(call)
    const stop = stopper(call, clock)
    request.cancellation.onCancel(stop.cancel)
    const latency = 5 + random() * 300
    if (call.fault === 'silent') await stop.wait(Infinity)
    else await stop.wait(latency)
    if (call.fault === 'refused') {
      stop.end()
      throw new Error('connection refused')
    }
    const streamed = /"stream"\s*:\s*true/.test(body)
    const { status, headers, steps } = scriptOf(call, streamed, random)
    return { status, headers: new Headers(headers), body: playing(call, steps, stop) }
  }

  return { fetch, calls, heal: () => void (healed = true) }
}

interface Stopper {
  readonly cancel: () => void
  readonly end: () => void
  /** Rejects where the call was cancelled meanwhile. */
  wait(ms: number): Promise<void>
}

function stopper(call: UpstreamCall, clock: Clock): Stopper {
  let wake: (() => void) | undefined
  const end = (): void => void (call.endedAt ??= clock.mono())
  return {
    end,
    cancel() {
      if (call.endedAt === null) call.cancelled = true
      end()
      wake?.()
    },
    async wait(ms) {
      if (call.endedAt === null)
        await new Promise<void>((resolve) => {
          const disarm = ms === Infinity ? () => {} : clock.after(ms, resolve)
          wake = () => {
            disarm()
            resolve()
          }
        })
      if (call.cancelled) throw new Error('cancelled')
    },
  }
}

function playing(call: UpstreamCall, steps: readonly Step[], { wait, end, cancel }: Stopper): ByteSource {
  let next = 0
  return {
    async read() {
      if (call.endedAt !== null) return undefined
      const step = steps[next++]
      if (step === undefined) {
        end()
        return undefined
      }
      await wait(step.afterMs)
      if ('text' in step) {
        if (step.finishes === true) call.finished = true
        return encoder.encode(step.text)
      }
      if (step.ends === 'hang') await wait(Infinity)
      end()
      if (step.ends === 'break') throw new Error('socket hang up')
      return undefined
    },
    async cancel() {
      cancel()
    },
  }
}

interface Script {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

function scriptOf(call: UpstreamCall, streamed: boolean, random: () => number): Script {
  const { fault } = call
  const asJson = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Script => ({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    steps: [{ afterMs: 0, text: typeof value === 'string' ? value : JSON.stringify(value) }],
  })
  const status = Number(fault.slice(0, 3))
  if (!Number.isNaN(status)) {
    const wait = fault === '429-hint' ? { 'retry-after': String(1 + Math.floor(random() * 90)) } : {}
    return asJson(status, { error: { message: 'no', type: 'some_error' } }, wait)
  }
  if (fault === 'empty') return { status: 200, headers: { 'content-type': 'application/json' }, steps: [] }
  if (fault === 'html')
    return { ...asJson(200, '<html>sign in</html>'), headers: { 'content-type': 'text/html; charset=utf-8' } }
  return streamed ? streamScript(call, random) : wholeScript(call, asJson(200, chatAnswer(`${call.tag} done`)))
}

function wholeScript(call: UpstreamCall, well: Script): Script {
  switch (call.fault) {
    case 'ok':
    case 'slow':
    case 'no-done':
    case 'comments':
      return { ...well, steps: well.steps.map((step) => ({ ...step, afterMs: 50, finishes: true })) as Step[] }
    case 'first-error':
    case 'error':
      return { ...well, steps: [{ afterMs: 0, text: '{"error":{"message":"no","type":"server_error"}}' }] }
    case 'truncated':
      return { ...well, steps: [{ afterMs: 0, text: '{"id":"x","choices":[{' }] }
    case 'break':
      return {
        ...well,
        steps: [
          { afterMs: 0, text: '{"id":' },
          { afterMs: 100, ends: 'break' },
        ],
      }
    default:
      return {
        ...well,
        steps: [
          { afterMs: 0, text: '{"id":' },
          { afterMs: 0, ends: 'hang' },
        ],
      }
  }
}

function streamScript({ fault, tag }: UpstreamCall, random: () => number): Script {
  const gap = 5 + random() * 150
  const say = (text: string, afterMs = gap): Step => ({ afterMs, text })
  const open = say(chatChunk({ role: 'assistant', content: '' }), 0)
  const words = Array.from({ length: 1 + Math.floor(random() * 5) }, () => say(chatChunk({ content: `${tag} ` })))
  const finish = say(chatChunk({}, 'stop'))
  // Said to be whole once both are there: a reason and an end.
  const end: Step = { afterMs: gap, text: done, finishes: true }
  const headers = { 'content-type': 'text/event-stream' }
  const script = (...steps: readonly Step[]): Script => ({ status: 200, headers, steps })
  switch (fault) {
    case 'silent-after-headers':
      return script(open, { afterMs: 0, ends: 'hang' })
    case 'first-error':
      return script(open, say(errorEvent))
    case 'error':
      return script(open, ...words, say(errorEvent))
    case 'truncated':
      return script(open, ...words)
    case 'stall':
      return script(open, ...words, { afterMs: 0, ends: 'hang' })
    case 'break':
      return script(open, ...words, say('data: {"id":"chatc'), { afterMs: 10, ends: 'break' })
    case 'no-done':
      return script(open, ...words, { ...finish, finishes: true } as Step)
    case 'drip':
      return script(open, ...Array.from({ length: 200 }, () => say(chatChunk({ content: `${tag} ` }), 400)))
    case 'comments':
      return script(open, ...words, ...Array.from({ length: 100 }, () => say(': ping\n\n', 300)))
    case 'slow':
      return script(open, ...words.map((word) => ({ ...word, afterMs: 900 })), finish, end)
    default:
      return script(open, ...words, finish, { ...end, afterMs: 0 } as Step)
  }
}
