// An authorization server on a real socket, as strict as real ones are: it checks what it receives, gives a new refresh
// token with each use, and revokes the whole family where one comes back that was used before (RFC 9700, 4.14.2).
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from '../../support/loopback.ts'

export interface TokenServer {
  /** The token endpoint. */
  readonly url: string
  /** Forms that arrived, in order. */
  readonly forms: Readonly<Record<string, string>>[]
  readonly headers: IncomingMessage['headers'][]
  /** Refreshes that were granted. */
  granted(): number
  /** Whether a used token came back, and everything was revoked. */
  revoked(): boolean
  /** Whether an access token is one of this server's, and of the family that lives. */
  knows(accessToken: string): boolean
  /** The refresh token that is good now. */
  current(): string
  close(): Promise<void>
}

export interface TokenServerOptions {
  readonly initial: string
  readonly clientId?: string
  readonly clientSecret?: string
  readonly clientAuth?: 'body' | 'basic'
  /** Seconds; undefined leaves `expires_in` out. */
  readonly expiresIn?: number | string
  readonly rotates?: boolean
  /** Takes the token before the newest once more, as servers do that allow for lost answers. */
  readonly forgivesLast?: boolean
  readonly answersAs?: 'json' | 'form'
  /** What happens to the nth call (from 0) instead of an answer; the token is used up by `lose`. */
  readonly mishap?: (call: number) => Mishap | undefined
  /** How long an answer takes, in milliseconds. */
  readonly delayMs?: number
}

export type Mishap =
  | 'lose'
  | 'drop'
  | 'hang'
  | 'garble'
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }

/** Starts the server. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const forms: Record<string, string>[] = []
  const headers: IncomingMessage['headers'][] = []
  const used = new Set<string>()
  const issued = new Set<string>()
  let current = options.initial
  let last = ''
  let granted = 0
  let revoked = false

  function grant(form: Record<string, string>): { status: number; body: Record<string, unknown> } {
    const token = form['refresh_token'] ?? ''
    if (options.forgivesLast === true && token === last) used.delete(token)
    else if (used.has(token) || revoked) {
      revoked = true
      return { status: 400, body: { error: 'invalid_grant', error_description: `reuse of ${token}` } }
    }
    if (token !== current && (options.forgivesLast !== true || token !== last))
      return { status: 400, body: { error: 'invalid_grant' } }
    granted += 1
    const accessToken = `at-${granted}-${options.initial}`
    issued.add(accessToken)
    const body: Record<string, unknown> = { access_token: accessToken, token_type: 'Bearer' }
    if (options.rotates !== false) {
      used.add(token)
      last = token
      current = `rt-${granted}-${options.initial}`
      body['refresh_token'] = current
    }
    if ('expiresIn' in options) body['expires_in'] = options.expiresIn
    return { status: 200, body }
  }

  function clientProblem(request: IncomingMessage, form: Record<string, string>): string | undefined {
    const { clientId = 'client-1', clientSecret, clientAuth = 'body' } = options
    if (clientAuth === 'basic') {
      const expected = `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret ?? '')}`).toString('base64')}`
      if (request.headers.authorization !== expected) return 'no basic authorization'
      return 'client_secret' in form ? 'the secret was sent twice' : undefined
    }
    if (form['client_id'] !== clientId) return 'client_id'
    return form['client_secret'] === clientSecret ? undefined : 'client_secret'
  }

  const server = createServer((request, response) => {
    void receive(request).then((text) => answer(request, response, text))
  })

  async function answer(request: IncomingMessage, response: ServerResponse, text: string): Promise<void> {
    const form = Object.fromEntries(new URLSearchParams(text))
    const call = forms.push(form) - 1
    headers.push(request.headers)
    const mishap = options.mishap?.(call)
    if (mishap === 'drop') return void request.socket.destroy()
    if (mishap === 'hang') return
    if (mishap !== undefined && typeof mishap === 'object')
      return void response
        .writeHead(mishap.status, { 'content-type': 'application/json', ...mishap.headers })
        .end(mishap.body ?? '{}')
    const problem =
      request.method !== 'POST' || request.headers['content-type'] !== 'application/x-www-form-urlencoded'
        ? 'invalid_request'
        : form['grant_type'] !== 'refresh_token'
          ? 'unsupported_grant_type'
          : undefined
    const client = clientProblem(request, form)
    const result =
      problem !== undefined
        ? { status: 400, body: { error: problem } }
        : client !== undefined
          ? { status: 401, body: { error: 'invalid_client', error_description: client } }
          : grant(form)
    if (options.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.delayMs))
    if (mishap === 'lose') return void request.socket.destroy()
    if (mishap === 'garble') return void response.writeHead(200).end('<html>')
    const asForm = options.answersAs === 'form'
    response
      .writeHead(result.status, {
        'content-type': asForm ? 'application/x-www-form-urlencoded' : 'application/json',
        'cache-control': 'no-store',
      })
      .end(
        asForm
          ? new URLSearchParams(Object.entries(result.body).map(([name, value]) => [name, String(value)])).toString()
          : JSON.stringify(result.body),
      )
  }

  const { url, close } = await listen(server)
  return {
    url: `${url}/token`,
    forms,
    headers,
    granted: () => granted,
    revoked: () => revoked,
    knows: (token) => !revoked && issued.has(token),
    current: () => current,
    close,
  }
}

/** The whole body of a request. */
export async function receive(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
