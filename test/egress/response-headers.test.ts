// What a provider's answer may bring to a client beside its body.
import { describe, expect, it } from 'vitest'
import { forwardableResponseHeaders } from '../../src/wire/headers.ts'

describe('the headers of an answer', () => {
  it('travel where they name limits and requests', () => {
    const travelling = [
      'retry-after',
      'retry-after-ms',
      'x-should-retry',
      'request-id',
      'x-amzn-requestid',
      'apim-request-id',
      'openai-processing-ms',
      'x-ratelimit-remaining-requests',
      'anthropic-ratelimit-tokens-reset',
    ]
    expect(forwardableResponseHeaders(travelling.map((name) => [name, '1']))).toEqual(
      travelling.map((name) => [name, '1']),
    )
    expect(forwardableResponseHeaders([['x-request-id', 'r']])).toEqual([['x-upstream-request-id', 'r']])
  })

  it.each([
    'set-cookie',
    'set-cookie2',
    'authorization',
    'proxy-authorization',
    'proxy-authenticate',
    'www-authenticate',
    'x-api-key',
    'content-encoding',
    'content-length',
    'transfer-encoding',
    'connection',
    'keep-alive',
    'upgrade',
    'trailer',
    'te',
    'access-control-allow-origin',
    'access-control-allow-credentials',
    'content-security-policy',
    'strict-transport-security',
    'server',
    'via',
    'x-powered-by',
    'location',
    'refresh',
    'link',
    'alt-svc',
    'clear-site-data',
    'x-signalbox-request-id',
    'x-used-provider',
    'openai-organization',
  ])('stay behind: %s', (name) => {
    expect(forwardableResponseHeaders([[name, 'x']])).toEqual([])
  })

  it.each(['a\r\nset-cookie: b', 'é', '\0', 'x'.repeat(1025)])('stay behind with the value %j', (value) => {
    expect(forwardableResponseHeaders([['request-id', value]])).toEqual([])
  })

  it('are no more than a client can hold', () => {
    const many = Array.from({ length: 5000 }, (_, index): [string, string] => [`x-ratelimit-${index}`, '1'])
    expect(forwardableResponseHeaders(many)).toHaveLength(64)
  })
})
