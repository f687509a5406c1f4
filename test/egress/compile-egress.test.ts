// What the file may say about ways out, and what is said about it.
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { Abilities } from '../../src/catalog/compile-egress.ts'

const open = { type: 'openai_compatible', auth_scheme: { kind: 'none' } }

function problems(config: object, abilities?: Abilities): string[] {
  const compiled = compileConfig({
    document: { storage: { kind: 'memory' }, ...config },
    ...(abilities && { abilities }),
  })
  return compiled.ok ? [] : compiled.problems.map(({ path, message, hint }) => `${path}: ${message} (${hint ?? ''})`)
}

function warnings(config: object): string[] {
  return compileConfig({ document: config }).warnings.map(({ path, message }) => `${path}: ${message}`)
}

const withProxy = (record: object): object => ({ egress: [{ id: 'p', kind: 'proxy', ...record }] })

describe('a proxy', () => {
  it.each([
    { url: 'http://proxy.example:3128' },
    { url: 'http://10.0.0.5:3128/' },
    { url: 'http://127.0.0.1:8888' },
    { url: 'http://[fd00::5]:3128' },
    { url_env: 'HTTP_EGRESS' },
    { url: 'http://u:p%40ss@proxy.example:3128', user_agent: 'gateway/1', headers: { 'x-team': 'blue' } },
  ])('may be %j', (record) => {
    expect(problems(withProxy(record))).toEqual([])
  })

  it.each([
    [{ url: 'https://proxy.example:3128' }, /http/],
    [{ url: 'socks5://proxy.example:1080' }, /http:\/\/host:port/],
    [{ url: 'proxy.example:3128' }, /http:\/\/host:port/],
    [{ url: 'not a url' }, /not a URL/],
    [{ url: 'http://proxy.example:3128/path' }, /no path/],
    [{ url: 'http://proxy.example:3128/?x=1' }, /no query/],
    [{ url: 'http://proxy.example:3128/#x' }, /fragment/],
    [{ url: 'http://u:%zz@proxy.example:3128' }, /escape/],
    [{ url: 'http://169.254.169.254:80' }, /link-local/],
    [{}, /required.*exactly one/],
    [{ url: 'http://a.example:1', url_env: 'HTTP_EGRESS' }, /required.*exactly one/],
    [{ url: 'http://a.example:1', headers: { authorization: 'x' } }, /not configurable/],
    [{ url: 'http://a.example:1', headers: { 'Proxy-Authorization': 'x' } }, /not configurable/],
    [{ url: 'http://a.example:1', headers: { 'x-api-key': 'x' } }, /not configurable/],
    [{ url: 'http://a.example:1', headers: { host: 'x' } }, /not configurable/],
    [{ url: 'http://a.example:1', headers: { 'User-Agent': 'x' } }, /user_agent/],
    [{ url: 'http://a.example:1', headers: { 'x-a': 'b\r\nc: d' } }, /line break/],
    [{ url: 'http://a.example:1', user_agent: 'a\nb' }, /line break/],
  ])('may not be %j', (record, message) => {
    expect(problems(withProxy(record)).join('\n')).toMatch(message)
  })

  it('is said nothing of that may be its password', () => {
    for (const url of [
      'https://u:hunter2hunter2@p.example',
      'http://u:hunter2hunter2@p.example/x',
      'http://u:hunter2hunter2@ x',
    ])
      expect(problems(withProxy({ url })).join()).not.toContain('hunter2')
    const warned = warnings(withProxy({ url: 'http://u:hunter2hunter2@p.example' })).join()
    expect(warned).toContain('egress[0].url: a password in the file')
    expect(warned).not.toContain('hunter2')
  })

  it('has one id, and is known where it is named', () => {
    const egress = [
      { id: 'p', kind: 'proxy', url: 'http://a.example:1' },
      { id: 'p', kind: 'proxy', url: 'http://b.example:1' },
    ]
    expect(problems({ egress }).join()).toMatch(/egress\[1\]\.id.*(?:duplicate|twice|same)/)
    const account = { id: 'a', credential: null, egress: 'gone' }
    const provider = { ...open, base_url: 'https://api.example.com/v1', egress: 'nope', accounts: [account] }
    const found = problems({ server: { default_egress: 'missing' }, providers: { x: provider } })
    expect(found.join('\n')).toMatch(/server\.default_egress: no egress "missing"/)
    expect(found.join('\n')).toMatch(/providers\.x\.egress: no egress "nope"/)
    expect(found.join('\n')).toMatch(/accounts\[0\]\.egress: no egress "gone"/)
  })

  it('is refused where the runtime cannot go through one, with the reason', () => {
    const config = withProxy({ url: 'http://proxy.example:3128' })
    expect(problems(config, { proxies: true })).toEqual([])
    expect(problems(config, { proxies: false })).toEqual([
      expect.stringMatching(/^egress\[0\]: this runtime cannot go through a proxy .*Node, Bun or Deno/),
    ])
    expect(problems({}, { proxies: false })).toEqual([])
  })

  it('that everything would have to take, but is switched off, is warned about', () => {
    const record = { id: 'p', kind: 'proxy', url: 'http://proxy.example:3128' }
    const server = { default_egress: 'p' }
    expect(warnings({ server, egress: [record] })).not.toContainEqual(expect.stringContaining('default_egress'))
    expect(warnings({ server, egress: [{ ...record, enabled: false }] })).toContainEqual(
      'server.default_egress: is switched off',
    )
    expect(warnings({ server: { ...server, egress_enabled: false }, egress: [record] })).toContainEqual(
      'server.default_egress: is switched off',
    )
  })
})

describe('the hosts that may be talked to', () => {
  const providers = { x: { ...open, base_url: 'https://api.example.com/v1' } }
  const refresh = { source: 'env', env: 'REFRESH' }
  const oauth = { type: 'oauth', refresh, client_id: 'c', token_url: 'https://login.example.net/token' }

  it('are those of the list, for every address in the file', () => {
    const config = { providers, credentials: { o: oauth } }
    expect(problems({ ...config, server: { allowed_upstreams: ['*.example.com', 'login.example.net'] } })).toEqual([])
    expect(problems(config)).toEqual([])
    const found = problems({ ...config, server: { allowed_upstreams: ['other.example'] } })
    expect(found.join('\n')).toMatch(/providers\.x\.base_url: the host api\.example\.com is not in/)
    expect(found.join('\n')).toMatch(/credentials\.o\.token_url: the host login\.example\.net is not in/)
  })

  it('are checked for presets too, with their region', () => {
    const server = { allowed_upstreams: ['bedrock-runtime.eu-west-1.amazonaws.com'] }
    const bedrock = (region: string): object => ({ providers: { b: { type: 'bedrock', region } }, server })
    expect(problems(bedrock('us-east-1')).join()).toMatch(
      /the host bedrock-runtime\.us-east-1\.amazonaws\.com is not in/,
    )
    expect(problems(bedrock('eu-west-1')).join()).not.toContain('allowed_upstreams')
  })

  it.each(['https://api.example.com', 'api.example.com:443', 'api.*', '*', 'a b', '', 'x/y', 'user@host'])(
    'are no %j',
    (glob) => {
      expect(problems({ server: { allowed_upstreams: [glob] } }).join()).toMatch(/server\.allowed_upstreams/)
    },
  )
})
