// Providers, reached by operators as serving reaches them: the list of models, and made-up requests that go through the
// whole data plane, pinned to one provider. No path of a client leads here.
import type { ProviderRecord, Snapshot } from '../catalog/snapshot.ts'
import { allDialects } from '../dialects/index.ts'
import { unguarded } from '../coordination/coordinator.ts'
import { discoverModels } from '../engine/discovery/index.ts'
import { failed, GatewayError, ok } from '../ir/error.ts'
import type { Inference, Inferred, UpstreamProbe } from '../operations/operation.ts'
import type { TraceRow } from '../ports/index.ts'
import { isObject, parseJson } from '../wire/json-parse.ts'
import { serveInference, type Admitted, type InferenceOptions } from './data-plane.ts'
import type { Ingress } from './ingress.ts'

/** What a probe may take at most; what the configuration sets lower holds. */
export const probeLimits = { totalMs: 60_000, answerBytes: 4 * 1024 * 1024 } as const

/** The `key_id` of a probe's trace: no key of a configuration can have this id, because of the colon. */
export const probeKeyId = 'signalbox:probe'

export interface ProbeOptions {
  /** Pinned: a reload during a probe changes nothing for it. */
  readonly snapshot: Snapshot
  readonly inference: InferenceOptions
  /** Counts a request in; throws where none is taken any more. Its trace counts it out. */
  readonly begin: () => void
}

/** The providers of one snapshot. */
export function createUpstreamProbe(options: ProbeOptions): UpstreamProbe {
  const { snapshot, inference } = options
  return {
    async models(id, account) {
      const provider = snapshot.providers.get(id)
      if (provider === undefined) return failed('not_found', { message: `no provider ${JSON.stringify(id)}` })
      const { ports, credentials, scrubber } = inference
      const found = await discoverModels({ ports, credentials, scrubber, snapshot, provider, account })
      return found.ok ? ok(found.value.models) : found
    },
    infer: (asked) => infer(options, asked),
  }
}

async function infer({ snapshot, inference, begin }: ProbeOptions, asked: Inference): Promise<Inferred> {
  const { clock, random, traces } = inference.ports
  const view = pinned(snapshot, asked)
  const ingress = ingressOf(asked)
  let row: TraceRow | undefined
  const ports = {
    ...inference.ports,
    traces: {
      write(written: TraceRow) {
        row = written
        traces.write(written)
      },
    },
  }
  const admitted: Admitted = {
    request: requestOf(asked, ingress),
    path: ingress.path,
    query: new URLSearchParams(ingress.path.endsWith(':streamGenerateContent') ? 'alt=sse' : ''),
    requestId: `req_${clock.now().toString(36).padStart(9, '0')}${random.id().slice(0, 15)}`,
    principal: { keyId: probeKeyId, roles: new Set(['client'] as const), tenant: null },
    snapshot: view,
    startedAt: clock.now(),
    startedMono: clock.mono(),
  }
  // Only what is served ends in the trace that counts it out.
  begin()
  const response = await serveInference(admitted, ingress, {
    ...inference,
    ports,
    coordinator: unguarded(inference.coordinator),
    // An operator waits behind nobody.
    queue: [],
  })
  const text = await textOf(response)
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text,
    durationMs: clock.mono() - admitted.startedMono,
    errorCode: row?.errorCode ?? null,
    requestId: admitted.requestId,
    account: row?.account ?? null,
    providerStatus: row === undefined ? null : lastStatus(row),
  }
}

/** The same configuration with one way through it: no routes, and of the provider only what was asked for. */
function pinned(snapshot: Snapshot, { provider: id, account }: Inference): Snapshot {
  const provider = snapshot.providers.get(id)
  if (provider === undefined) throw new GatewayError('not_found', { message: `no provider ${JSON.stringify(id)}` })
  const { server } = snapshot
  const totalMs = Math.min(server.timeouts.totalMs, probeLimits.totalMs)
  return {
    ...snapshot,
    server: { ...server, defaultProvider: null, timeouts: { ...server.timeouts, totalMs } },
    providers: new Map([[id, account === null ? provider : withAccount(provider, account)]]),
    routes: new Map(),
    globRoutes: [],
  }
}

function withAccount(provider: ProviderRecord, id: string): ProviderRecord {
  const accounts = provider.accounts.filter((account) => account.id === id)
  if (accounts.length > 0) return { ...provider, accounts }
  const known = provider.accounts.map((account) => account.id).join(', ')
  throw new GatewayError('not_found', {
    message: `provider ${provider.id} has no account ${JSON.stringify(id)}; it has: ${known}`,
    param: 'account',
  })
}

interface ProbeIngress extends Ingress {
  /** As clients ask for it, percent-encoding undone. */
  readonly path: string
}

function ingressOf({ dialect: id, provider, model, stream }: Inference): ProbeIngress {
  const dialect = allDialects[id]
  const wanted = stream === true ? /:streamGenerateContent$/ : /^(?!.*:streamGenerateContent$)/
  const endpoint = dialect.endpoints.find(
    ({ path, task }) => task !== 'count-tokens' && (!path.includes('{model}') || wanted.test(path)),
  )
  if (endpoint === undefined) throw new Error(`no client speaks ${id}`)
  return { dialect, endpoint, path: endpoint.path.replace('{model}', () => `${provider}/${model}`) }
}

function requestOf({ provider, model, body }: Inference, { endpoint, path }: ProbeIngress): Request {
  const named = endpoint.path.includes('{model}') ? body : { ...body, model: `${provider}/${model}` }
  return new Request(`http://signalbox.invalid${encodeURI(path)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(named),
  })
}

async function textOf(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.length
    text += decoder.decode(value, { stream: true })
    if (size <= probeLimits.answerBytes) continue
    await reader.cancel()
    return text
  }
}

function lastStatus(row: TraceRow): number | null {
  const detail = parseJson(row.detail)
  const attempts = isObject(detail) ? detail['attempts'] : undefined
  const last: unknown = Array.isArray(attempts) ? attempts.at(-1) : undefined
  const status = isObject(last) ? last['status'] : undefined
  return typeof status === 'number' ? status : null
}
