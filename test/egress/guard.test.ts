// The last look before a wire: address, hosts, headers; and the statuses that come back.
import { describe, expect, it } from 'vitest'
import { guardFetch, type GuardOptions } from '../../src/egress/guard.ts'
import { maxHeaderValueLength } from '../../src/egress/request-headers.ts'
import { GatewayError } from '../../src/ir/error.ts'
import { Secret } from '../../src/ir/secret.ts'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { fetchRequest } from '../support/fetch-request.ts'

interface Guarded {
  readonly sent: FetchRequest[]
  ask(extra?: Partial<FetchRequest>): Promise<FetchResponse>
}

const request = fetchRequest()
const anyHost: readonly string[] = []

function guarded(options: Partial<GuardOptions> = {}, answer: Partial<FetchResponse> = {}): Guarded {
  const sent: FetchRequest[] = []
  const body = { read: () => Promise.resolve(undefined), cancel: () => Promise.resolve() }
  const fetch = guardFetch(
    (asked) => {
      sent.push(asked)
      return Promise.resolve({ status: 200, headers: new Headers(), body, ...answer })
    },
    // The same list each time, as a configuration has it: verdicts are kept for as long as it stays.
    { allowedHosts: () => anyHost, ...options },
  )
  return {
    sent,
    ask: (extra) => fetch({ ...request, ...extra }),
  }
}

const route = { id: 'p', url: new Secret('p', 'http://proxy.example:3128'), headers: {}, userAgent: null }

describe('the address', () => {
  it.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'http://api.example.com/',
    'https://user@api.example.com/',
    'https://api.example.com/#x',
    'https://api.example.com:22/',
    'https://localhost/',
    'file:///etc/passwd',
    'not a URL',
  ])('%s is refused each time it is asked for, and nothing is sent', async (url) => {
    const { ask, sent } = guarded()
    for (let i = 0; i < 3; i++) await expect(ask({ url })).rejects.toMatchObject({ code: 'blocked_endpoint' })
    expect(sent).toEqual([])
  })

  it('is judged for each opt-in by itself, although verdicts are kept', async () => {
    const { ask } = guarded()
    const url = 'http://10.1.2.3/v1'
    const opened = { url, allowHttp: true }
    expect(await ask({ ...opened, allowPrivate: true })).toMatchObject({ status: 200 })
    await expect(ask({ ...opened, allowPrivate: false })).rejects.toMatchObject({ code: 'blocked_endpoint' })
    expect(await ask({ ...opened, allowPrivate: ['10.0.0.0/8'] })).toMatchObject({ status: 200 })
    await expect(ask({ ...opened, allowPrivate: ['10.9.0.0/16'] })).rejects.toMatchObject({ code: 'blocked_endpoint' })
    await expect(ask({ url, allowPrivate: true })).rejects.toMatchObject({ code: 'blocked_endpoint' })
  })

  it('is reported where it was not connected to, by its host alone', async () => {
    const lines: unknown[] = []
    const log = { warn: (event: string, fields?: object): void => void lines.push({ event, ...fields }) }
    const { ask } = guarded({ log: () => log })
    await expect(ask({ url: 'https://10.0.0.1/v1?key=sk-0123456789' })).rejects.toThrow()
    const url = 'https://rebind.example/v1?key=sk-0123456789'
    const fetch = guardFetch(() => Promise.reject(new GatewayError('blocked_endpoint')), {
      allowedHosts: () => anyHost,
      log: () => log,
    })
    await expect(fetch({ ...request, url })).rejects.toMatchObject({ code: 'blocked_endpoint' })
    expect(lines).toEqual([
      { event: 'blocked_endpoint', host: '10.0.0.1', reason: 'the address is a private address' },
      { event: 'blocked_endpoint', host: 'rebind.example', reason: 'the provider address is not allowed' },
    ])
  })

  it('has to be on the list where there is one, and the list may change', async () => {
    let hosts: readonly string[] = ['api.example.com', '*.aws.example']
    const { ask } = guarded({ allowedHosts: () => hosts })
    expect(await ask()).toMatchObject({ status: 200 })
    expect(await ask({ url: 'https://bedrock.us.aws.example/x' })).toMatchObject({ status: 200 })
    await expect(ask({ url: 'https://evil.example/' })).rejects.toMatchObject({
      code: 'blocked_endpoint',
      message: expect.stringContaining('allowed_upstreams'),
    })
    hosts = ['evil.example']
    await expect(ask()).rejects.toMatchObject({ code: 'blocked_endpoint' })
    expect(await ask({ url: 'https://evil.example/' })).toMatchObject({ status: 200 })
  })

  it('is no name that blocks open, where nobody sees what the name leads to', async () => {
    const blocks = { allowPrivate: ['10.0.0.0/8'], allowHttp: true } as const
    const seeing = guarded({ egress: { dnsPinning: true, proxies: true } })
    const blind = guarded({ egress: { dnsPinning: false, proxies: false } })
    expect(await seeing.ask({ ...blocks, url: 'http://vllm:8000/' })).toMatchObject({ status: 200 })
    await expect(blind.ask({ ...blocks, url: 'http://vllm:8000/' })).rejects.toMatchObject({ code: 'blocked_endpoint' })
    expect(await blind.ask({ ...blocks, url: 'http://10.0.0.1:8000/' })).toMatchObject({ status: 200 })
  })

  it('is no name that blocks open, where a proxy resolves it', async () => {
    const { ask, sent } = guarded()
    const blocks = { allowPrivate: ['10.0.0.0/8'], allowHttp: true } as const
    expect(await ask({ ...blocks, url: 'http://vllm:8000/' })).toMatchObject({ status: 200 })
    const asked = ask({ ...blocks, url: 'http://vllm:8000/', egress: route })
    await expect(asked).rejects.toMatchObject({ code: 'blocked_endpoint' })
    expect(await ask({ ...blocks, url: 'http://10.0.0.1:8000/', egress: route })).toMatchObject({ status: 200 })
    expect(await ask({ ...blocks, url: 'https://api.example.com/', egress: route })).toMatchObject({ status: 200 })
    expect(sent).toHaveLength(3)
  })

  it('is not reached without its proxy where the runtime knows no proxies', async () => {
    const blind = guarded({ egress: { dnsPinning: false, proxies: false } })
    await expect(blind.ask({ egress: route })).rejects.toMatchObject({ code: 'blocked_endpoint' })
    expect(blind.sent).toEqual([])
    // The verdict of the one is not that of the other.
    expect(await blind.ask()).toMatchObject({ status: 200 })
    await expect(blind.ask({ egress: route })).rejects.toMatchObject({ code: 'blocked_endpoint' })
  })
})

describe('the headers', () => {
  it('leave in lower case, without those of the connection, of a browser and of a proxy', async () => {
    const { ask, sent } = guarded()
    const never = ['Connection', 'keep-alive', 'TE', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'Host']
    const browser = [
      'content-length',
      'Cookie',
      'cookie2',
      'origin',
      'referer',
      'sec-fetch-site',
      'Proxy-Authorization',
    ]
    const headers = Object.fromEntries([...never, ...browser].map((name) => [name, 'x']))
    await ask({ headers: { ...headers, 'X-Api-Key': 'k', 'accept-encoding': 'gzip, br', 'content-type': 'a/b' } })
    expect(sent[0]?.headers).toEqual({ 'x-api-key': 'k', 'content-type': 'a/b', 'accept-encoding': 'identity' })
  })

  it.each([
    ['a line break at its end', 'sk-0123\n'],
    ['a carriage return', 'sk\r\nx-evil: 1'],
    ['a NUL', 'sk\0'],
    ['what is not ASCII', 'sk-ключ'],
    ['too many characters', 'k'.repeat(maxHeaderValueLength + 1)],
  ])('give a clear error for a key with %s, without the key', async (_name, value) => {
    const { ask, sent } = guarded()
    const asked = ask({ headers: { authorization: `Bearer ${value}` } })
    await expect(asked).rejects.toMatchObject({ code: 'missing_credential', retry: 'next' })
    await expect(asked).rejects.not.toMatchObject({ message: expect.stringContaining('sk') })
    expect(sent).toEqual([])
  })

  it('are the fault of the client where the client brought them', async () => {
    const asked = guarded().ask({ headers: { 'anthropic-beta': 'é' } })
    await expect(asked).rejects.toMatchObject({ code: 'invalid_header', status: 400, param: 'anthropic-beta' })
  })

  it('may hold everything that is printable, and the longest value there may be', async () => {
    const { ask, sent } = guarded()
    const value = `\t !~${'k'.repeat(maxHeaderValueLength - 4)}`
    await ask({ headers: { 'x-a': value } })
    expect(sent[0]?.headers['x-a']).toBe(value)
  })
})

describe('the status', () => {
  it.each([
    [100, 502],
    [199, 502],
    [200, 200],
    [204, 204],
    [307, 307],
    [418, 418],
    [599, 599],
    [600, 502],
    [999, 502],
  ])('%d is handed over as %d', async (status, handed) => {
    expect((await guarded({}, { status }).ask()).status).toBe(handed)
  })

  it.each([204, 205, 304])('%d has no body, whatever came with it', async (status) => {
    let cancelled = 0
    const body = {
      read: () => Promise.resolve(new Uint8Array(3)),
      cancel: () => {
        cancelled++
        return Promise.resolve()
      },
    }
    const response = await guarded({}, { status, body }).ask()
    expect(await response.body.read()).toBeUndefined()
    expect(cancelled).toBe(1)
  })
})
