// A whole gateway in a process of its own runtime between a provider that fails and one that is well, with what a test has
// to see of it: the answer, the trace, the locks, and what arrived at both providers.
import { makeCertificates, hasOpenssl, type Certificates } from '../support/certificates.ts'
import { startGatewayProcess, type GatewayProcess, type RuntimeName } from '../support/gateway-process.ts'
import { healthyChat } from './answers.ts'
import { startFaultUpstream, type FaultUpstream, type Received } from './fault-upstream.ts'

const key = 'sbx_test_client_0f3a9c5e7d214b68'
const adminKey = 'sbx_test_admin_0f3a9c5e7d214b68'

/** The canaries: what no answer, trace or log line may hold. */
export const providerKeys = {
  faulty: 'sk-canary-faulty-71c0d4e9b2a85f36',
  second: 'sk-canary-second-9e02b7f4c6d1a358',
  healthy: 'sk-canary-healthy-4b8d2f7a1c9e6053',
} as const

/** A request of a client; a question on the Chat wire where nothing is said. */
export interface Ask {
  readonly model: string
  readonly stream?: boolean
  /** More members of the body, or others than usual. */
  readonly body?: object
  readonly wire?: 'openai-chat' | 'anthropic-messages' | 'openai-responses' | 'gemini'
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Milliseconds until the last byte. */
  readonly ms: number
  /** The body broke off; the text is what had come. */
  readonly broken: boolean
  readonly requestId: string
}

/** What an operator sees of a request; members as `trace show` names them. */
export interface Trace {
  readonly outcome: string
  readonly status: number
  readonly error_code: string | null
  readonly provider: string | null
  readonly attempts: readonly {
    readonly target: string
    readonly account: string | null
    readonly status: number | null
    readonly error: string | null
    readonly maybe_duplicate?: true
  }[]
  readonly [name: string]: unknown
}

export interface FaultGateway {
  readonly runtime: RuntimeName
  readonly upstream: FaultUpstream
  readonly process: GatewayProcess
  ask(ask: Ask): Promise<Answered>
  /** The response as it comes, for tests that read along. */
  send(ask: Ask): Promise<Response>
  /** Waits until the trace is written. */
  trace(requestId: string): Promise<Trace>
  /** An operation with its answer's `data`. Throws with what it answered where that is no success. */
  operation<T>(name: string, input?: object): Promise<T>
  /** The provider keys that occur in what was written to stderr, or in the texts. */
  leaks(...texts: readonly string[]): readonly string[]
  stop(): Promise<void>
}

/** What a configuration is made from. */
export interface Ground {
  readonly upstream: FaultUpstream
  readonly runtime: RuntimeName
  /** Undefined where openssl is not there. */
  readonly certificates: Certificates | undefined
}

export interface Parts {
  readonly providers: Readonly<Record<string, object>>
  readonly routes: Readonly<Record<string, object>>
  /** More sections, or others than usual. */
  readonly sections?: object
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

/** Starts a provider that fails, and a gateway on the configuration that is made for it. */
export async function startFaultGateway(
  runtime: RuntimeName,
  make: (ground: Ground) => Parts | Promise<Parts>,
): Promise<FaultGateway> {
  const upstream = await startFaultUpstream()
  const certificates = hasOpenssl() ? makeCertificates() : undefined
  const parts = await make({ upstream, runtime, certificates })
  const gateway = await startGatewayProcess(runtime, {
    config: configOf(parts),
    env: {
      SIGNALBOX_KEY_TEST: key,
      SIGNALBOX_KEY_OPS: adminKey,
      FAULTY_KEY: providerKeys.faulty,
      SECOND_KEY: providerKeys.second,
      HEALTHY_KEY: providerKeys.healthy,
      SIGNALBOX_KEK: `faults:${Buffer.alloc(32, 7).toString('base64')}`,
      ...(certificates !== undefined && { NODE_EXTRA_CA_CERTS: certificates.caFile }),
      ...parts.env,
    },
    args: ['--log-level', 'debug', ...(parts.args ?? [])],
  })
  const post = (path: string, body: object, token: string, init: RequestInit = {}): Promise<Response> =>
    fetch(gateway.url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      ...init,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        ...(init.headers as Record<string, string>),
      },
    })

  async function operation<T>(name: string, input: object = {}): Promise<T> {
    const response = await post(`/admin/v1/${name}`, input, adminKey)
    const answer = (await response.json()) as { ok?: boolean; data?: T }
    if (answer.ok !== true) throw new Error(`${name}: ${response.status} ${JSON.stringify(answer)}`)
    return answer.data as T
  }

  async function send({ model, stream = false, body, wire = 'openai-chat', headers, signal }: Ask): Promise<Response> {
    const [path, usual] = question(wire, model, stream)
    const init = { ...(headers !== undefined && { headers }), ...(signal !== undefined && { signal }) }
    return post(path, { ...usual, ...body }, key, init)
  }

  return {
    runtime,
    upstream,
    process: gateway,
    send,
    operation,
    async ask(ask) {
      const began = performance.now()
      const response = await send(ask)
      const { text, broken } = await readAll(response)
      const ms = performance.now() - began
      const requestId = response.headers.get('x-signalbox-request-id') ?? ''
      return { status: response.status, headers: response.headers, text, ms, broken, requestId }
    },
    async trace(requestId) {
      const deadline = performance.now() + 5000
      for (;;) {
        const found = await operation<Trace>('trace-show', { request_id: requestId }).catch((cause: unknown) => {
          if (performance.now() > deadline) throw cause
          return undefined
        })
        if (found !== undefined) return found
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    },
    leaks: (...texts) =>
      Object.values(providerKeys).filter((one) => [gateway.stderr(), ...texts].some((text) => text.includes(one))),
    async stop() {
      await gateway.stop()
      await upstream.close()
      certificates?.remove()
    },
  }
}

function configOf({ providers, routes, sections }: Parts): object {
  const credential = (env: string): object => ({ type: 'api_key', source: 'env', env })
  return {
    config_version: 1,
    keys: [
      { id: 'test', env: 'SIGNALBOX_KEY_TEST', roles: ['client'] },
      { id: 'ops', env: 'SIGNALBOX_KEY_OPS', roles: ['admin'] },
    ],
    credentials: {
      faulty: credential('FAULTY_KEY'),
      second: credential('SECOND_KEY'),
      healthy: credential('HEALTHY_KEY'),
    },
    providers,
    routes,
    storage: { kind: 'memory' },
    ...sections,
  }
}

/** Members of a provider that lives on loopback below `/<name>/`, with the account `a`. */
export function localProvider(url: string, name: string, extra: object = {}): object {
  return {
    type: 'openai_compatible',
    base_url: `${url}/${name}/v1`,
    api_formats: ['openai_chat'],
    allow_private: true,
    allow_http: true,
    accounts: [{ id: 'a', credential: 'faulty' }],
    ...extra,
  }
}

/** The provider that is well: it answers `from <name>`, streamed or whole. */
export function healthyProvider(upstream: FaultUpstream, name: string, extra: object = {}): object {
  upstream.on(name, healthyChat(`from ${name}`))
  return localProvider(upstream.url, name, { accounts: [{ id: 'a', credential: 'healthy' }], ...extra })
}

function question(wire: NonNullable<Ask['wire']>, model: string, stream: boolean): [path: string, body: object] {
  const messages = [{ role: 'user', content: 'hello there' }]
  switch (wire) {
    case 'openai-chat':
      return ['/v1/chat/completions', { model, messages, ...(stream && { stream }) }]
    case 'anthropic-messages':
      return ['/v1/messages', { model, messages, max_tokens: 100, ...(stream && { stream }) }]
    case 'openai-responses':
      return ['/v1/responses', { model, input: 'hello there', ...(stream && { stream }) }]
    case 'gemini': {
      const action = stream ? 'streamGenerateContent?alt=sse' : 'generateContent'
      return [`/v1beta/models/${model}:${action}`, { contents: [{ role: 'user', parts: [{ text: 'hello there' }] }] }]
    }
  }
}

async function readAll(response: Response): Promise<{ text: string; broken: boolean }> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const read = await reader?.read()
      if (read === undefined || read.done) return { text, broken: false }
      text += decoder.decode(read.value, { stream: true })
    }
  } catch {
    return { text, broken: true }
  }
}

/** The requests among these that came with a certain key. */
export function withKey(received: readonly Received[], which: keyof typeof providerKeys): readonly Received[] {
  return received.filter(({ headers }) => JSON.stringify(headers).includes(providerKeys[which]))
}
