// What is said of an OAuth account when a configuration is read, before any request finds out.
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../../src/catalog/compile.ts'

function say(storage: object, credential: object = {}): { problems: string[]; warnings: string[] } {
  const document = {
    config_version: 1,
    credentials: {
      acct: {
        type: 'oauth',
        refresh: { source: 'sealed', name: 'r1' },
        token_url: 'https://login.example.com/token',
        client_id: 'client-1',
        ...credential,
      },
    },
    providers: {
      up: {
        type: 'openai_compatible',
        base_url: 'https://api.example.com/v1',
        accounts: [{ id: 'a', credential: 'acct' }],
      },
    },
    storage,
  }
  const compiled = compileConfig({ document })
  const text = ({ path, message }: { path: string; message: string }): string => `${path}: ${message}`
  return { problems: compiled.ok ? [] : compiled.problems.map(text), warnings: compiled.warnings.map(text) }
}

describe('an OAuth account in a configuration', () => {
  it.each(['sqlite', 'd1'])('is accepted with a store that has leases: %s', (kind) => {
    expect(say({ kind })).toEqual({ problems: [], warnings: [] })
  })

  it('is refused with a store that has none', () => {
    expect(say({ kind: 'kv' }).problems).toEqual(['credentials.acct.type: "oauth" needs a store with leases'])
  })

  it('is accepted with a store that forgets, with a warning', () => {
    expect(say({ kind: 'memory' })).toEqual({
      problems: [],
      warnings: ['credentials.acct.type: refresh tokens that change are lost with the process'],
    })
  })

  it.each([
    ['http://login.example.com/token', {}, 'only https URLs are accepted unless allow_http is set'],
    ['https://10.0.0.1/token', {}, 'the address is'],
    ['http://127.0.0.1:9/token', { allow_private: true }, 'only https URLs are accepted unless allow_http is set'],
    ['https://169.254.169.254/token', { allow_private: true }, 'the address is a link-local address'],
  ])('is refused with its tokens at %s', (url, more, said) => {
    const { problems } = say({ kind: 'sqlite' }, { token_url: url, ...more })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`credentials.acct.token_url: `)
    expect(problems[0]).toContain(said)
  })

  it('may have its tokens on a private network where that is said', () => {
    const more = { token_url: 'http://127.0.0.1:9/token', allow_private: true, allow_http: true }
    expect(say({ kind: 'sqlite' }, more).problems).toEqual([])
  })
})
