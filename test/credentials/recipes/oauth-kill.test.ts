// kill -9 in the moment between "the new refresh token has arrived" and "it is used": a real process on a real database.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { refreshLeaseMs } from '../../../src/credentials/recipes/oauth.ts'
import { startTokenServer, type TokenServer } from './token-server.ts'

const script = fileURLToPath(new URL('oauth-child.ts', import.meta.url))

let folder = ''
let server: TokenServer
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'signalbox-kill-'))))
afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Ended {
  readonly signal: NodeJS.Signals | null
  readonly said: { readonly token?: string; readonly problem?: string; readonly logs?: readonly string[] }
}

function run(point: string, aheadMs = 0): Promise<Ended> {
  const args = [script, join(folder, 'state.sqlite'), server.url, point, String(aheadMs)]
  const env = { PATH: process.env['PATH'], HOME: folder }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  return new Promise((resolve) => {
    child.on('close', (_code, signal) =>
      resolve({ signal, said: stdout === '' ? {} : (JSON.parse(stdout) as Ended['said']) }),
    )
  })
}

// The dead one's lease has to run out before anybody goes on; the next process lives that much later.
const later = refreshLeaseMs + 1

describe('a process that is killed in the middle of a refresh', () => {
  it('has stored the new token where it died before using it: the next one uses it without a refresh', async () => {
    server = await startTokenServer({ initial: 'rt-0', expiresIn: 3600 })
    expect(await run('after-store')).toEqual({ signal: 'SIGKILL', said: {} })
    expect(server.granted()).toBe(1)
    expect(await run('')).toEqual({ signal: null, said: { token: 'at-1-rt-0' } })
    expect(server.forms).toHaveLength(1)
  })

  it('costs one call with the old token where it died before storing: fine where the server allows for that', async () => {
    server = await startTokenServer({ initial: 'rt-0', expiresIn: 3600, forgivesLast: true })
    expect(await run('before-store')).toEqual({ signal: 'SIGKILL', said: {} })
    expect(await run('', later)).toEqual({ signal: null, said: { token: 'at-2-rt-0' } })
    expect(server.forms.map((form) => form['refresh_token'])).toEqual(['rt-0', 'rt-0'])
    expect(server.revoked()).toBe(false)
  })

  it('needs a new login where it died before storing and the server does not: said once, and never asked again', async () => {
    server = await startTokenServer({ initial: 'rt-0', expiresIn: 3600 })
    await run('before-store')
    const { said } = await run('', later)
    expect(said.problem).toContain('(invalid_grant): log in again and store the new refresh token')
    expect(said.logs?.join()).toContain('oauth_login_needed')
    expect((await run('', 2 * later)).said.problem).toContain('log in again')
    expect(server.forms).toHaveLength(2)
  })
})
