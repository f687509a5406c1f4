// Which way a request takes, and that it takes no other where that way is closed.
import { describe, expect, it } from 'vitest'
import type { EgressRecord, EgressSettings } from '../../src/catalog/snapshot.ts'
import { egressRoute } from '../../src/egress/route.ts'

const proxy = (id: string, extra: Partial<EgressRecord> = {}): EgressRecord => ({
  id,
  url: { from: 'file', url: `http://${id}.example:3128` },
  headers: {},
  userAgent: null,
  enabled: true,
  ...extra,
})

function settings(extra: Partial<EgressSettings> = {}): EgressSettings {
  const all = [proxy('a'), proxy('p'), proxy('d'), proxy('off', { enabled: false })]
  const fromEnv = proxy('env', { url: { from: 'env', env: 'PROXY_URL' }, userAgent: 'x/1', headers: { 'x-team': 'b' } })
  return {
    proxies: new Map([...all, fromEnv].map((one) => [one.id, one])),
    defaultId: null,
    enabled: true,
    allowedHosts: [],
    ...extra,
  }
}

const none = { get: () => undefined }

describe('the way out', () => {
  it.each([
    ['the account', 'a', 'p', 'd', 'a'],
    ['the provider', null, 'p', 'd', 'p'],
    ['the default', null, null, 'd', 'd'],
    ['nobody', null, null, null, null],
    ['the account alone', 'a', null, null, 'a'],
  ])('is the one of %s', (_name, account, provider, defaultId, expected) => {
    const route = egressRoute({ egress: provider }, { egress: account }, settings({ defaultId }), none)
    expect(route).toMatchObject({ ok: true, value: expected === null ? null : { id: expected } })
  })

  it('is that of the provider where there is no account', () => {
    expect(egressRoute({ egress: 'p' }, undefined, settings(), none)).toMatchObject({ ok: true, value: { id: 'p' } })
  })

  it.each([
    ['a proxy is switched off', 'off', {}],
    ['a proxy is gone', 'gone', {}],
    ['all proxies are switched off', 'p', { enabled: false }],
  ])('is no way at all where %s', (_name, egress, extra) => {
    const route = egressRoute({ egress }, undefined, settings(extra), none)
    expect(route).toMatchObject({ ok: false, error: { code: 'blocked_endpoint' } })
  })

  it('is direct although proxies are switched off, where none is named', () => {
    expect(egressRoute({ egress: null }, undefined, settings({ enabled: false }), none)).toEqual({
      ok: true,
      value: null,
    })
  })

  it('takes its address from a variable at the last moment, as a secret', () => {
    const secrets = {
      get: (name: string) => (name === 'PROXY_URL' ? 'http://u:pass-0123456789@proxy.example:1' : undefined),
    }
    const route = egressRoute({ egress: 'env' }, undefined, settings(), secrets)
    if (!route.ok || route.value === null) throw new Error('expected a way')
    expect(route.value.url.reveal()).toBe('http://u:pass-0123456789@proxy.example:1')
    expect(JSON.stringify(route.value)).not.toContain('pass-0123456789')
    expect(route.value).toMatchObject({ userAgent: 'x/1', headers: { 'x-team': 'b' } })
  })

  it.each([undefined, '', 'proxy.example', 'https://proxy.example', 'http://proxy.example/x', 'socks5://u:p@h:1'])(
    'fails where the variable holds %j',
    (value) => {
      const route = egressRoute({ egress: 'env' }, undefined, settings(), { get: () => value })
      expect(route).toMatchObject({ ok: false, error: { code: 'missing_credential' } })
      if (!route.ok && value !== undefined && value !== '') expect(route.error.message).not.toContain(value)
    },
  )
})
