// What may share a connection, and how many pools are kept.
import { describe, expect, it } from 'vitest'
import { createPools } from '../../node-adapter/egress-pools.ts'
import { Secret } from '../../src/ir/secret.ts'
import type { FetchRequest } from '../../src/ports/index.ts'
import { fetchRequest } from '../support/fetch-request.ts'

const request = fetchRequest()
const proxy = { id: 'p', url: new Secret('p', 'http://proxy.example:1'), headers: {}, userAgent: null }

function counting() {
  let made = 0
  const ended: number[] = []
  const pools = createPools(
    () => made++,
    (pool) => void ended.push(pool),
  )
  const of = (extra: Partial<FetchRequest> = {}): number =>
    pools.of({ ...request, ...extra }, new URL(extra.url ?? request.url))
  return { pools, of, ended, made: () => made }
}

describe('connections', () => {
  it('are shared by requests to one host, whatever their path and headers', () => {
    const { of } = counting()
    expect(of()).toBe(of({ url: 'https://api.example.com/other?x=1', headers: { a: 'b' } }))
  })

  it.each<[string, Partial<FetchRequest>]>([
    ['another host', { url: 'https://other.example.com/' }],
    ['another port', { url: 'https://api.example.com:8443/' }],
    ['another protocol', { url: 'http://api.example.com/' }],
    ['another opt-in', { allowPrivate: true }],
    ['a block', { allowPrivate: ['10.0.0.0/8'] }],
    ['another time to connect', { connectTimeoutMs: 2000 }],
    ['a proxy', { egress: proxy }],
  ])('are not shared with %s', (_name, extra) => {
    const { of } = counting()
    expect(of(extra)).not.toBe(of())
  })

  it.each([
    ['another address', { ...proxy, url: new Secret('p', 'http://proxy.example:2') }],
    ['another id', { ...proxy, id: 'q' }],
    ['another user agent', { ...proxy, userAgent: 'x' }],
    ['other headers', { ...proxy, headers: { a: 'b' } }],
  ])('are not shared with a proxy of %s', (_name, egress) => {
    const { of } = counting()
    expect(of({ egress: { ...proxy } })).toBe(of({ egress: proxy }))
    expect(of({ egress })).not.toBe(of({ egress: proxy }))
  })

  it('are kept for 128 places; the oldest one is forgotten, and made anew', async () => {
    const { of, made, pools, ended } = counting()
    for (let i = 0; i < 129; i++) of({ url: `https://h${i}.example/` })
    of({ url: 'https://h128.example/' })
    expect(made()).toBe(129)
    of({ url: 'https://h0.example/' })
    expect(made()).toBe(130)
    await pools.close()
    expect(ended).toHaveLength(128)
  })
})
