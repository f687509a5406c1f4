// What log lines, trace rows and operation answers may hold.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { GatewayError } from '../../src/ir/error.ts'
import { Secret } from '../../src/ir/secret.ts'
import type { LogFields, TraceRow } from '../../src/ports/index.ts'
import {
  cleanError,
  cleanRow,
  createScrubber,
  guardLog,
  hideIn,
  hideInError,
  knownSecrets,
  logFields,
  traceDetail,
} from '../../src/redaction/index.ts'

const key = 'Qm7x9ZtLp2wV4Rk8'
const scrubber = createScrubber(() => [new Secret('k', key)])
const strict = createScrubber(() => [new Secret('k', key)], 'throw')

function logged(call: (log: ReturnType<typeof guardLog>) => void, guard = scrubber) {
  const lines: { readonly event: string; readonly fields: LogFields | undefined }[] = []
  const write = (event: string, fields?: LogFields): void => void lines.push({ event, fields })
  call(guardLog({ debug: write, info: write, warn: write, error: write }, guard))
  return lines
}

describe('a log line', () => {
  it('keeps listed fields and loses secrets in them', () => {
    const [line] = logged((log) => log.warn('trace_append_failed', { reason: `bad key ${key}`, failures: 3 }))
    expect(line).toEqual({ event: 'trace_append_failed', fields: { reason: 'bad key [redacted]', failures: 3 } })
  })
  it('loses a field that is not listed, and a test hears of it', () => {
    const call = (log: ReturnType<typeof guardLog>): void => log.info('request', { body: 'hello', count: 1 })
    expect(logged(call)).toEqual([{ event: 'request', fields: { count: 1 } }])
    expect(() => logged(call, strict)).toThrow('the field body of log event request is not listed')
  })
  it('loses an event that is no plain name, and a value that is no plain one', () => {
    expect(logged((log) => log.info(`got ${key}`))[0]?.event).toBe('unnamed')
    const fields = { reason: { key } } as unknown as LogFields
    expect(logged((log) => log.info('request', fields))).toEqual([{ event: 'request', fields: {} }])
  })
  it('is bounded', () => {
    const [line] = logged((log) => log.info('request', { reason: 'x'.repeat(10_000) }))
    expect(String(line?.fields?.['reason'])).toHaveLength(2000)
  })
})

// A line that is seldom written would drop its field unseen.
describe('every log line of the sources', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const calls = ['src', 'node-adapter'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => {
        const text = readFileSync(join(root, folder, name), 'utf8')
        const found = text.matchAll(/\blog\.(?:debug|info|warn|error)\(\s*'(\w+)',\s*\{([^{}]*)\}/g)
        return [...found].map(([, event = '', fields = '']) => ({ event, fields: namesIn(fields) }))
      }),
  )

  it('is found', () => expect(calls.length).toBeGreaterThan(15))
  it('has listed fields only', () => {
    const known: readonly string[] = logFields
    expect(
      calls.flatMap(({ event, fields }) =>
        fields.filter((name) => !known.includes(name)).map((name) => `${event}.${name}`),
      ),
    ).toEqual([])
  })
})

/** The member names of an object literal without nested ones. */
function namesIn(literal: string): string[] {
  const plain = literal.replaceAll(/`[^`]*`|'[^']*'|\([^()]*\)/g, 'x')
  return plain.split(',').flatMap((part) => /^\s*(\w+)\s*(?::|$)/.exec(part)?.[1] ?? [])
}

const row = {
  path: '/v1/messages',
  inboundModel: 'm',
  model: 'm',
  errorCode: null,
  detail: '{"decision":null}',
} as unknown as TraceRow

describe('a trace row', () => {
  it('without anything foreign stays the same object', () => expect(cleanRow(row, scrubber)).toBe(row))
  it.each(['path', 'inboundModel', 'model'] as const)('loses a secret in %s', (column) => {
    expect(cleanRow({ ...row, [column]: `m-${key}` }, scrubber)[column]).toBe('m-[redacted]')
  })
  it('of a failure loses a secret in its detail and stays JSON', () => {
    const detail = JSON.stringify({ upstream_error: { status: 401, type: 'auth', code: `bad_${key}` } })
    const clean = cleanRow({ ...row, errorCode: 'upstream_auth', detail }, scrubber)
    expect(JSON.parse(clean.detail)).toEqual({ upstream_error: { status: 401, type: 'auth', code: 'bad_[redacted]' } })
  })
  it.each([
    'x?token=abcdef" and more',
    'x?token=abcdef\\',
    String.raw`x?token=ab\"cd`,
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY-----\nMIIEvQ" and more',
    'https://user:password@host" and more',
    'bearer "abcdefgh1',
  ])('of a failure stays JSON whatever model a client names: %s', (requested) => {
    const detail = JSON.stringify({ decision: { requested }, attempts: [{ provider: 'p' }] })
    const clean = cleanRow({ ...row, errorCode: 'upstream_auth', detail }, scrubber)
    expect(JSON.parse(clean.detail)).toMatchObject({ attempts: [{ provider: 'p' }] })
    expect(clean.detail).not.toMatch(/abcdef|MIIEvQ|password/)
  })
  it('has a detail of listed members only, at every depth', () => {
    const detail = {
      decision: { route: 'r', body: 'hello' },
      attempts: [{ provider: 'p', headers: { a: 'b' } }],
      url: 'x',
    }
    expect(JSON.parse(traceDetail(detail, 'drop'))).toEqual({ decision: { route: 'r' }, attempts: [{ provider: 'p' }] })
    expect(() => traceDetail(detail, 'throw')).toThrow('the member body of a trace is not listed')
  })
})

describe('an error', () => {
  it('loses secrets in its message and its place, and keeps everything else', () => {
    const error = new GatewayError('upstream_rejected', {
      message: `no ${key}`,
      param: key,
      retryAfterMs: 5,
      status: 422,
    })
    expect(cleanError(error, scrubber)).toMatchObject({
      message: 'no [redacted]',
      param: '[redacted]',
      retryAfterMs: 5,
      status: 422,
    })
  })
  it('that is clean stays the same object', () => {
    const error = new GatewayError('upstream_rejected')
    expect(cleanError(error, scrubber)).toBe(error)
    expect(hideInError(error, scrubber.hide)).toBe(error)
  })
})

describe('the answer of an operation', () => {
  it('loses secrets at every depth, in names of members too', () => {
    expect(hideIn({ a: [{ [`x-${key}`]: `y ${key}` }], n: 1, z: null }, scrubber.hide)).toEqual({
      a: [{ 'x-[redacted]': 'y [redacted]' }],
      n: 1,
      z: null,
    })
  })
})

describe('the secrets that a configuration leads to', () => {
  it('are those of keys, credentials, proxies, addresses and headers', () => {
    const compiled = compileConfig({
      document: {
        keys: [{ id: 'web', env: 'KEY_WEB' }],
        credentials: {
          o: { type: 'api_key', source: 'env', env: 'OPENAI_KEY' },
          a: {
            type: 'aws',
            source: 'env',
            access_key_env: 'AWS_ID',
            secret_key_env: 'AWS_SECRET',
            session_token_env: 'AWS_SESSION',
          },
        },
        providers: {
          openai: {
            type: 'openai',
            accounts: [{ id: 'm', credential: 'o' }],
            headers: { 'x-extra-token': 'header-secret' },
          },
          inline: { type: 'openai', api_key: 'inline-secret' },
          behind: {
            type: 'openai_compatible',
            base_url: 'https://gate.example/v1?api-version=2025-04-01-preview&code=address-secret',
            auth_scheme: { kind: 'none' },
          },
        },
      },
    })
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
    const env: Record<string, string> = {
      SIGNALBOX_KEK: 'one:AAAA,two:BBBB',
      KEY_WEB: 'gateway-key',
      OPENAI_KEY: 'openai-key',
      AWS_SECRET: 'aws-secret',
      AWS_SESSION: 'aws-session',
      AWS_REGION: 'eu-north-1',
    }
    const found = knownSecrets(compiled.snapshot, { get: (name) => env[name] }).map((secret) => secret.reveal())
    for (const expected of [
      'one:AAAA,two:BBBB',
      'AAAA',
      'BBBB',
      'gateway-key',
      'openai-key',
      'aws-secret',
      'aws-session',
      'header-secret',
      'inline-secret',
      'address-secret',
    ])
      expect(found).toContain(expected)
    expect(found).not.toContain('eu-north-1')
    // Models speak of it, and what they say leaves as it is.
    expect(found).not.toContain('2025-04-01-preview')
  })
})
