// HashiCorp Vault as far as reading KV version 2 goes, on a real socket: it checks token, namespace and path, and answers
// with the statuses and bodies of the API's documentation.
// https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version
// https://developer.hashicorp.com/vault/api-docs#http-status-codes
import { createServer, type IncomingMessage } from 'node:http'
import { listen } from '../../support/loopback.ts'

interface Version {
  readonly data: Readonly<Record<string, unknown>>
  readonly state?: 'deleted' | 'destroyed'
}

export interface VaultServer {
  readonly url: string
  /** One per request that came in. */
  readonly seen: { readonly path: string; readonly headers: IncomingMessage['headers'] }[]
  /** Writes a new version of `mount/path`. */
  put(mount: string, path: string, version: Version): void
  /** What the server does instead of answering from its entries. */
  mode: 'open' | 'sealed' | 'standby' | 'silent' | 'huge' | 'html'
  close(): Promise<void>
}

export interface VaultOptions {
  readonly token: string
  readonly namespace?: string
}

/** Starts a server that knows one token. */
export async function startVault({ token, namespace }: VaultOptions): Promise<VaultServer> {
  const entries = new Map<string, Version[]>()
  const seen: VaultServer['seen'] = []
  const self = { mode: 'open' as VaultServer['mode'] }

  function answer(request: IncomingMessage): { status: number; body: unknown; headers?: Record<string, string> } {
    if (self.mode === 'sealed') return { status: 503, body: { errors: ['Vault is sealed'] } }
    if (self.mode === 'standby') return { status: 307, body: '', headers: { location: 'https://active.example.com/' } }
    if (request.method !== 'GET') return { status: 405, body: { errors: ['unsupported operation'] } }
    if (request.headers['x-vault-request'] !== 'true') return { status: 412, body: { errors: ['missing header'] } }
    // The token lives in a namespace; elsewhere it is not known.
    const isKnown = request.headers['x-vault-token'] === token && request.headers['x-vault-namespace'] === namespace
    if (!isKnown) return { status: 403, body: { errors: ['permission denied'] } }
    const match = /^\/v1\/(.+?)\/data\/(.+)$/.exec(decodeURIComponent(request.url ?? ''))
    const versions = match === null ? undefined : entries.get(`${match[1]}/${match[2]}`)
    const newest = versions?.at(-1)
    if (versions === undefined || newest === undefined) return { status: 404, body: { errors: [] } }
    const metadata = {
      created_time: '2026-01-02T03:04:05.678901234Z',
      custom_metadata: null,
      deletion_time: newest.state === undefined ? '' : '2026-01-03T03:04:05.678901234Z',
      destroyed: newest.state === 'destroyed',
      version: versions.length,
    }
    const data = { data: newest.state === undefined ? newest.data : null, metadata }
    const envelope = { request_id: 'r', lease_id: '', renewable: false, lease_duration: 0, wrap_info: null, auth: null }
    return { status: newest.state === undefined ? 200 : 404, body: { ...envelope, data } }
  }

  const server = createServer((request, response) => {
    seen.push({ path: request.url ?? '', headers: request.headers })
    if (self.mode === 'silent') return
    if (self.mode === 'html') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
    if (self.mode === 'huge') return void response.writeHead(200).end('x'.repeat(1024 * 1024))
    const { status, body, headers } = answer(request)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  })
  const { url, close } = await listen(server)
  return Object.assign(self, {
    url,
    seen,
    put(mount: string, path: string, version: Version) {
      const name = `${mount}/${path}`
      entries.set(name, [...(entries.get(name) ?? []), version])
    },
    close,
  })
}
