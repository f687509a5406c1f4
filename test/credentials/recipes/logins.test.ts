// The logins of coding agents, read where they keep them: a scratch HOME with fake ones.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeClaudeCodeOAuth } from '../../../src/credentials/recipes/claude-code-oauth.ts'
import { makeCodexOAuth } from '../../../src/credentials/recipes/codex-oauth.ts'
import { loginCacheMs } from '../../../src/credentials/recipes/login-file.ts'
import type { Made } from '../../../src/credentials/recipe.ts'
import { failed, ok, type Outcome } from '../../../src/ir/error.ts'
import { createVirtualClock } from '../../support/virtual-clock.ts'
import { createBench } from './making.ts'

const clock = createVirtualClock()
const files = new Map<string, string>()
const reads: string[] = []
beforeEach(() => files.clear())
afterEach(() => void (reads.length = 0))

const machine = {
  home: '/home/me',
  readOwnFile: (path: string) => {
    reads.push(path)
    const text = files.get(path)
    return Promise.resolve(
      text === undefined ? failed('missing_credential', { message: `there is no file ${path}` }) : ok(text),
    )
  },
}

function shown(made: Outcome<Made>): object | string {
  if (!made.ok) return `${made.error.code}: ${made.error.message}`
  const { material, expiresAt } = made.value
  if (material.kind !== 'token') return 'no token'
  return { token: material.secret.reveal(), scheme: material.scheme?.kind, headers: material.headers, expiresAt }
}

function jwt(claims: object): string {
  return ['{"alg":"RS256"}', JSON.stringify(claims), 'sig']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.')
}

const inAnHour = Math.floor(clock.now() / 1000) + 3600

async function codex(env: Record<string, string> = {}, path: string | null = null, withMachine = true) {
  const { making } = createBench({ clock, env, ...(withMachine && { machine }) })
  return shown(await makeCodexOAuth({ type: 'codex_oauth', env: 'CODEX_ACCESS_TOKEN', path }, making()))
}

async function claude(env: Record<string, string> = {}, path: string | null = null, withMachine = true) {
  const { making } = createBench({ clock, env, ...(withMachine && { machine }) })
  const recipe = { type: 'claude_code_oauth', env: 'CLAUDE_CODE_OAUTH_TOKEN', path } as const
  return shown(await makeClaudeCodeOAuth(recipe, making()))
}

describe('the login of Codex', () => {
  const token = jwt({ exp: inAnHour })
  const auth = (more: object = {}) =>
    JSON.stringify({
      auth_mode: 'chatgpt',
      OPENAI_API_KEY: null,
      tokens: { id_token: 'i', access_token: token, refresh_token: 'never-sent', account_id: 'acc-1', ...more },
      last_refresh: '2026-11-01T00:00:00Z',
    })

  it('is read from ~/.codex/auth.json, with the account that the backend wants named', async () => {
    files.set('/home/me/.codex/auth.json', auth())
    expect(await codex()).toEqual({
      token,
      scheme: 'bearer',
      headers: { 'chatgpt-account-id': 'acc-1' },
      expiresAt: clock.now() + loginCacheMs,
    })
  })

  it('is read anew each time it is asked for', async () => {
    files.set('/home/me/.codex/auth.json', auth())
    await codex()
    files.set('/home/me/.codex/auth.json', auth({ access_token: 'another' }))
    expect(await codex()).toMatchObject({ token: 'another' })
    expect(reads).toHaveLength(2)
  })

  it('goes by the variable first, and finds the account in the token', async () => {
    const given = jwt({ exp: inAnHour, 'https://api.openai.com/auth': { chatgpt_account_id: 'acc-2' } })
    expect(await codex({ CODEX_ACCESS_TOKEN: given })).toMatchObject({
      token: given,
      headers: { 'chatgpt-account-id': 'acc-2' },
    })
    expect(reads).toEqual([])
  })

  it.each([
    [{ CODEX_HOME: '/srv/codex' }, null, '/srv/codex/auth.json'],
    [{}, '~/other/auth.json', '/home/me/other/auth.json'],
    [{}, '${HOME}/x.json', '/home/me/x.json'],
    [{}, '/etc/codex.json', '/etc/codex.json'],
  ])('lies where %o and %s say', async (env, path, expected) => {
    await codex(env as Record<string, string>, path)
    expect(reads).toEqual([expected])
  })

  it.each([
    [
      'has run out',
      auth({ access_token: jwt({ exp: Math.floor(clock.now() / 1000) }) }),
      'has run out: use Codex once, or run "codex login"',
    ],
    [
      'is one by API key',
      JSON.stringify({ OPENAI_API_KEY: 'sk-fake', tokens: null }),
      'Codex is not logged in: run "codex login"',
    ],
    ['is not JSON', 'auth', 'is not JSON'],
    ['has a broken token', auth({ access_token: 'a\nb' }), 'not logged in'],
    ['is not there', undefined, 'there is no file ~/.codex/auth.json: run "codex login"'],
  ])('is refused with what to run where it %s', async (_name, text, said) => {
    if (text !== undefined) files.set('/home/me/.codex/auth.json', text)
    const problem = await codex()
    expect(problem).toContain('missing_credential: credential acct: ')
    expect(problem).toContain(said)
    expect(problem).not.toMatch(/sk-fake|never-sent/)
  })

  it('needs the variable where there are no files', async () => {
    expect(await codex({}, null, false)).toContain('has to come from a variable')
  })
})

describe('the login of Claude Code', () => {
  const credentials = (more: object = {}) =>
    JSON.stringify({
      claudeAiOauth: {
        accessToken: 'sk-ant-oat01-fake',
        refreshToken: 'sk-ant-ort01-never-sent',
        expiresAt: clock.now() + 5000,
        scopes: ['user:inference'],
        ...more,
      },
    })

  it('is read from ~/.claude/.credentials.json, and travels as bearer with the beta that lets it in', async () => {
    files.set('/home/me/.claude/.credentials.json', credentials())
    expect(await claude()).toEqual({
      token: 'sk-ant-oat01-fake',
      scheme: 'bearer',
      headers: { 'anthropic-beta': 'oauth-2025-04-20' },
      expiresAt: clock.now() + 5000,
    })
  })

  it('goes by the variable first', async () => {
    expect(await claude({ CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-var' })).toMatchObject({ token: 'sk-ant-oat01-var' })
    expect(reads).toEqual([])
  })

  it('lies in CLAUDE_CONFIG_DIR where that is set', async () => {
    await claude({ CLAUDE_CONFIG_DIR: '/srv/claude' })
    expect(reads).toEqual(['/srv/claude/.credentials.json'])
  })

  it.each([
    [
      'has run out',
      credentials({ expiresAt: clock.now() }),
      'has run out: use Claude Code once, or run "claude" and type /login',
    ],
    ['is of something else', '{"mcpOAuth":{}}', 'Claude Code is not logged in'],
    ['is not there', undefined, 'there is no file'],
  ])('is refused with what to do where it %s', async (_name, text, said) => {
    if (text !== undefined) files.set('/home/me/.claude/.credentials.json', text)
    const problem = await claude()
    expect(problem).toContain(said)
    expect(problem).not.toContain('sk-ant')
  })
})
