// Asks a provider for the models it has, the way a request would be sent: the account's lease, the provider's scheme, the
// one way out. Bounded in bytes, pages, models and time. Owns the asking; how a list is read lies beside it.
import { signRequest } from '../../auth/sign.ts'
import type { Account, ProviderRecord, Snapshot } from '../../catalog/snapshot.ts'
import type { CredentialKeeper, Lease } from '../../credentials/keeper.ts'
import { allDialects } from '../../dialects/index.ts'
import { egressRoute } from '../../egress/route.ts'
import { failed, GatewayError, ok, type Outcome } from '../../ir/error.ts'
import type { FetchRequest, FetchResponse, Ports } from '../../ports/index.ts'
import { providers } from '../../providers/index.ts'
import type { Scrubber } from '../../redaction/index.ts'
import { parseJson } from '../../wire/json-parse.ts'
import { createCancellation } from '../cancellation.ts'
import { collect } from '../collect.ts'
import { joinUrl } from '../join-url.ts'
import { shapeOf, type ListedModel, type ListShape } from './shapes.ts'

export type { ListedModel } from './shapes.ts'

/** What a list may be at most. Beyond the pages and models it is cut, and says so. */
export const discoveryLimits = {
  pageBytes: 16 * 1024 * 1024,
  errorBytes: 64 * 1024,
  pages: 50,
  models: 5000,
  /** For the whole list. */
  timeoutMs: 30_000,
} as const

export interface DiscoveryOptions {
  readonly ports: Pick<Ports, 'clock' | 'fetch' | 'secrets'>
  readonly credentials: CredentialKeeper
  readonly scrubber: Scrubber
  readonly snapshot: Snapshot
  readonly provider: ProviderRecord
  /** Null: the first account by priority. */
  readonly account: string | null
}

/** A list of models, sorted as the provider sorts it, no id twice. */
export interface DiscoveredList {
  readonly models: readonly ListedModel[]
  /** The provider has more than the limits let in. */
  readonly truncated: boolean
}

/**
 * The provider's list of models. Fails as an attempt does (`upstream_auth`, `upstream_unreachable` …), each time naming
 * the account; with `unsupported_content` where the provider publishes no list, `not_found` for an account it has not.
 */
export async function discoverModels(options: DiscoveryOptions): Promise<Outcome<DiscoveredList>> {
  const { provider } = options
  const own = providers[provider.type]?.models?.()
  if (own !== undefined)
    return ok({ models: own.map((model) => ({ ...model, contextWindow: null })), truncated: false })
  if (provider.discovery === null || provider.baseUrl === null) return noList(provider)
  const shape = shapeOf(provider.discovery)
  const account = accountOf(provider, options.account)
  if (!account.ok) return account
  const lease = await leaseOf(options, account.value)
  if (!lease.ok) return lease
  const urls = urlsOf(provider, lease.value, shape)
  if (!urls.ok) return urls
  return readLists({ ...options, shape, lease: lease.value, who: account.value }, urls.value)
}

function noList(provider: ProviderRecord): Outcome<never> {
  return failed('unsupported_content', {
    message: `a provider of type "${provider.type}" publishes no list of its models; name one yourself`,
  })
}

function accountOf(provider: ProviderRecord, id: string | null): Outcome<Account> {
  const [first] = provider.accounts.toSorted((left, right) => left.priority - right.priority)
  const found = id === null ? first : provider.accounts.find((account) => account.id === id)
  if (found !== undefined) return ok(found)
  const known = provider.accounts.map((account) => account.id).join(', ')
  return failed('not_found', {
    message:
      id === null
        ? `provider ${provider.id} has no account`
        : `provider ${provider.id} has no account ${JSON.stringify(id)}; it has: ${known}`,
    param: 'account',
  })
}

async function leaseOf(
  { provider, credentials, snapshot }: DiscoveryOptions,
  account: Account,
): Promise<Outcome<Lease>> {
  if (provider.authScheme.kind === 'none') return ok({ material: { kind: 'none' }, credential: null, renewable: false })
  if (account.credential === null)
    return failed('missing_credential', { message: `account ${provider.id}/${account.id} has no credential` })
  return credentials.lease({ provider: provider.id, account, region: provider.region }, snapshot)
}

function urlsOf(provider: ProviderRecord, { material }: Lease, shape: ListShape): Outcome<readonly string[]> {
  const region = provider.region ?? (material.kind === 'aws' ? material.region : null)
  const own = providers[provider.type]?.discovery?.({ provider, region })
  if (own !== undefined) return own
  if (shape.path === undefined || provider.baseUrl === null) return noList(provider)
  return ok([joinUrl(provider.baseUrl, shape.path)])
}

interface Asking extends DiscoveryOptions {
  readonly shape: ListShape
  readonly lease: Lease
  readonly who: Account
}

async function readLists(asking: Asking, urls: readonly string[]): Promise<Outcome<DiscoveredList>> {
  const found = new Map<string, ListedModel>()
  const deadline = asking.ports.clock.mono() + discoveryLimits.timeoutMs
  let pages = 0
  for (const first of urls) {
    let url: string | undefined = first
    while (url !== undefined) {
      if (++pages > discoveryLimits.pages) return ok({ models: [...found.values()], truncated: true })
      const page = await readPage(asking, url, deadline)
      if (!page.ok) return page
      for (const model of page.value.models) {
        if (found.has(model.id)) continue
        if (found.size >= discoveryLimits.models) return ok({ models: [...found.values()], truncated: true })
        found.set(model.id, model)
      }
      const next = page.value.next && withQuery(first, page.value.next)
      // A cursor that leads to where we are would lead there for ever.
      url = next === url ? undefined : next
    }
  }
  return ok({ models: [...found.values()], truncated: false })
}

function withQuery(url: string, query: Readonly<Record<string, string>>): string {
  const next = new URL(url)
  for (const [name, value] of Object.entries(query)) next.searchParams.set(name, value)
  return next.href
}

async function readPage(asking: Asking, url: string, deadline: number) {
  const { shape, provider, who } = asking
  const answer = await get(asking, url, deadline)
  if (!answer.ok) return answer
  const { status, body } = answer.value
  const parsed = parseJson(body)
  if (status < 200 || status > 299) return { ok: false as const, error: refusal(asking, answer.value, parsed) }
  const page = shape.read(parsed)
  if (page !== undefined) return ok(page)
  return failed('upstream_bad_content', {
    message: `provider ${provider.id} (account ${who.id}) answered something that is no list of models; look at its base_url`,
  })
}

interface Got {
  readonly status: number
  readonly headers: FetchResponse['headers']
  readonly body: string
}

const decoder = new TextDecoder()

async function get(asking: Asking, url: string, deadline: number): Promise<Outcome<Got>> {
  const request = await requestOf(asking, url)
  return request.ok ? send(asking, request.value, deadline) : request
}

type Unsent = Omit<FetchRequest, 'cancellation'>

async function requestOf(
  { ports, provider, lease, snapshot, who, shape }: Asking,
  url: string,
): Promise<Outcome<Unsent>> {
  const headers = {
    accept: 'application/json',
    'user-agent': 'signalbox',
    ...snapshot.server.headers,
    ...provider.headers,
    ...shape.headers,
  }
  const place = { region: provider.region, now: ports.clock.now() }
  const signed = await signRequest({ method: 'GET', url, headers }, provider.authScheme, lease.material, place)
  if (!signed.ok) return signed
  const route = egressRoute(provider, who, snapshot.egress, ports.secrets)
  if (!route.ok) return route
  return ok({
    method: 'GET',
    url: signed.value.url,
    headers: signed.value.headers,
    connectTimeoutMs: snapshot.server.timeouts.connectMs,
    allowPrivate: provider.allowPrivate,
    allowHttp: provider.allowHttp,
    egress: route.value,
  })
}

async function send(asking: Asking, request: Unsent, deadline: number): Promise<Outcome<Got>> {
  const { ports } = asking
  const cancellation = createCancellation()
  let response: FetchResponse | undefined
  let late = false
  const disarm = ports.clock.after(Math.max(0, deadline - ports.clock.mono()), () => {
    late = true
    cancellation.cancel()
    void response?.body.cancel().catch(() => {})
  })
  try {
    response = await ports.fetch({ ...request, cancellation })
    const isFine = response.status >= 200 && response.status <= 299
    // A refusal is one however long its text is.
    const bytes = isFine
      ? await collect(response.body, discoveryLimits.pageBytes)
      : await collect(response.body, discoveryLimits.errorBytes).catch(() => new Uint8Array(0))
    if (late) throw new GatewayError('upstream_timeout')
    return ok({ status: response.status, headers: response.headers, body: decoder.decode(bytes) })
  } catch (cause) {
    await response?.body.cancel().catch(() => {})
    cancellation.cancel()
    return { ok: false, error: failure(asking, cause, late) }
  } finally {
    disarm()
  }
}

// Which of our own signals fired says more than any runtime's error text.
function failure({ provider, who }: Asking, cause: unknown, late: boolean): GatewayError {
  const name = `provider ${provider.id} (account ${who.id})`
  if (late)
    return new GatewayError('upstream_timeout', {
      message: `${name} sent no list of models within ${discoveryLimits.timeoutMs / 1000} s`,
    })
  if (cause instanceof GatewayError)
    return new GatewayError(cause.code, { message: `${name}: ${cause.message}`, cause })
  return new GatewayError('upstream_unreachable', { message: `${name} cannot be reached`, cause })
}

/** Statuses whose text of the provider helps and cannot hold a part of a key. */
const told = new Set([400, 404, 429, 500, 503, 529])
const maxSaid = 256

function refusal(asking: Asking, { status, headers }: Got, parsed: unknown): GatewayError {
  const { provider, who, lease, shape, credentials, scrubber } = asking
  const name = `provider ${provider.id} (account ${who.id})`
  if (status >= 300 && status < 400)
    return new GatewayError('upstream_redirect', { message: `${name} answered with a redirect; look at its base_url` })
  const error = allDialects[shape.errors].decodeError(status, headers, parsed)
  if (error.code === 'upstream_auth') credentials.refused(lease)
  const said = told.has(status) ? error.upstream?.message : undefined
  const words = said === undefined ? '' : `: ${scrubber.scrub(said, maxSaid)}`
  return new GatewayError(error.code, {
    message: `${name}: ${error.message} (HTTP ${status})${words}`,
    status: error.status,
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
  })
}
