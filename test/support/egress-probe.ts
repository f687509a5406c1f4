// Runs in a process of its own, on Node, Bun or Deno: the transport of that runtime behind the guard, told over stdin
// what to send, and answering on stdout with what came of it. One JSON value per line.
import { createInterface } from 'node:readline'
import { createNodeHttpFetch } from '../../node-adapter/egress-node-http.ts'
import { createUndiciFetch, type Transport } from '../../node-adapter/egress-undici.ts'
import { runtimeName } from '../../node-adapter/runtime-name.ts'
import { guardFetch } from '../../src/egress/guard.ts'
import { createCancellation } from '../../src/engine/cancellation.ts'
import { GatewayError } from '../../src/ir/error.ts'
import { Secret } from '../../src/ir/secret.ts'
import type { ByteSource } from '../../src/ports/index.ts'

export interface Probe {
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly allowPrivate?: boolean | readonly string[]
  readonly allowHttp?: boolean
  readonly connectTimeoutMs?: number
  readonly proxy?: { readonly url: string; readonly headers?: Record<string, string>; readonly userAgent?: string }
  /** What each lookup of a name gives, one list after the other; the last one stays. `hangs` gives nothing, ever. */
  readonly names?: Readonly<Record<string, readonly (readonly string[])[]>>
  /** Straight to the transport. */
  readonly unguarded?: boolean
  /** Trusts this authority instead of the usual ones. */
  readonly ca?: string
  /** Cancels after so long, whatever the phase. */
  readonly cancelAfterMs?: number
  /** Reads one chunk and cancels, or waits so long before the first read. */
  readonly reading?: { readonly cancelAfterFirst?: boolean; readonly waitMs?: number }
}

export interface Probed {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly text?: string
  readonly bytes?: number
  readonly error?: { readonly code: string; readonly message: string; readonly detail: string | null }
  /** How much the process grew while nothing was read, in bytes. */
  readonly grewBy?: number
  readonly lookups: readonly string[]
  readonly ms: number
}

const lookups: string[] = []
let names: Record<string, string[][]> = {}
const resolve = (name: string): Promise<readonly string[]> => {
  lookups.push(name)
  const answers = names[name]
  const answer = answers !== undefined && answers.length > 1 ? answers.shift() : answers?.[0]
  if (answer?.[0] === 'hangs') return new Promise(() => {})
  if (answer === undefined) return Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))
  return Promise.resolve(answer)
}

const anyHost: readonly string[] = []
const transports = new Map<string, Transport>()

function transportFor(ca: string | undefined): Transport {
  const key = ca ?? ''
  const create = runtimeName() === 'node' ? createUndiciFetch : createNodeHttpFetch
  const transport = transports.get(key) ?? create({ resolve, ...(ca !== undefined && { ca }) })
  transports.set(key, transport)
  return transport
}

async function run(probe: Probe): Promise<Probed> {
  if (probe.names !== undefined) names = structuredClone(probe.names) as Record<string, string[][]>
  lookups.length = 0
  const began = performance.now()
  const done = (rest: Omit<Probed, 'lookups' | 'ms'>): Probed => ({
    ...rest,
    lookups: [...lookups],
    ms: Math.round(performance.now() - began),
  })
  const cancellation = createCancellation()
  if (probe.cancelAfterMs !== undefined) setTimeout(() => cancellation.cancel(), probe.cancelAfterMs)
  const { fetch } = transportFor(probe.ca)
  const guarded = probe.unguarded === true ? fetch : guardFetch(fetch, { allowedHosts: () => anyHost })
  try {
    const response = await guarded({
      method: probe.method ?? 'POST',
      url: probe.url,
      headers: probe.headers ?? {},
      ...(probe.body !== undefined && { body: new TextEncoder().encode(probe.body) }),
      cancellation,
      connectTimeoutMs: probe.connectTimeoutMs ?? 5000,
      allowPrivate: probe.allowPrivate ?? false,
      allowHttp: probe.allowHttp ?? false,
      egress:
        probe.proxy === undefined
          ? null
          : {
              id: 'corporate',
              url: new Secret('egress corporate', probe.proxy.url),
              headers: probe.proxy.headers ?? {},
              userAgent: probe.proxy.userAgent ?? null,
            },
    })
    const before = process.memoryUsage().rss
    if (probe.reading?.waitMs !== undefined) await new Promise((go) => setTimeout(go, probe.reading?.waitMs))
    const grewBy = process.memoryUsage().rss - before
    const read = await readBody(response.body, probe)
    return done({ status: response.status, headers: Object.fromEntries(response.headers.entries()), grewBy, ...read })
  } catch (cause) {
    return done({ error: described(cause) })
  }
}

async function readBody(body: ByteSource, probe: Probe): Promise<Pick<Probed, 'text' | 'bytes' | 'error'>> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  try {
    for (;;) {
      const chunk = await body.read()
      if (chunk === undefined) return { text, bytes }
      bytes += chunk.length
      if (text.length < 10_000) text += decoder.decode(chunk, { stream: true }).slice(0, 10_000)
      if (probe.reading?.cancelAfterFirst === true) {
        await body.cancel()
        await body.cancel()
        return { text, bytes }
      }
    }
  } catch (cause) {
    return { text, bytes, error: described(cause) }
  }
}

function described(cause: unknown): NonNullable<Probed['error']> {
  const { message, code } = cause as { readonly message: string; readonly code?: string }
  if (!(cause instanceof GatewayError)) return { code: `not ours: ${code}`, message, detail: null }
  return { code: cause.code, message, detail: cause.upstream?.code ?? null }
}

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const { id, probe } = JSON.parse(line) as { id: number; probe: Probe }
  run(probe).then((probed) => process.stdout.write(`${JSON.stringify({ id, probed })}\n`))
})
lines.on('close', () => process.exit(0))
process.stdout.write('{"ready":true}\n')
