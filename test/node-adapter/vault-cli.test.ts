// The vault as a user has it: from an empty home to a request that reaches a provider with the sealed key, and back.
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Envelope } from '../../src/operations/operation.ts'
import { onlyInFull } from '../support/full-run.ts'
import { chatAnswer, json, startUpstream, type Upstream } from '../support/upstream.ts'
import { createBench, type Bench, type Result } from './cli-harness.ts'

const canary = 'sk-vault-canary-2718281828'

// Each step is a process of its own, and a busy machine takes its time to start one.
vi.setConfig({ testTimeout: 120_000 })

let bench: Bench
let upstream: Upstream
let keys: string[]
let config: string

beforeEach(async () => {
  bench = createBench()
  keys = []
  upstream = await startUpstream()
  upstream.on('m', (response, received) => {
    keys.push(received.headers.authorization ?? 'none')
    return json(chatAnswer('hello', 'm'))(response, received)
  })
  config = writeConfig()
})

afterEach(async () => {
  await bench.dispose()
  await upstream.close()
})

function writeConfig(): string {
  return bench.file('gateway.json', {
    storage: { kind: 'sqlite', path: 'data/state.sqlite' },
    credentials: { oa: { type: 'api_key', source: 'sealed', name: 'openai-key' } },
    providers: {
      up: {
        type: 'openai_compatible',
        base_url: `${upstream.url}/v1`,
        allow_private: true,
        allow_http: true,
        accounts: [{ id: 'main', credential: 'oa' }],
      },
    },
  })
}

async function ask(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'up/m', messages: [{ role: 'user', content: 'hello' }] }),
  })
  return { status: response.status, text: await response.text() }
}

function said(...results: readonly Result[]): string {
  return results.map(({ stdout, stderr }) => stdout + stderr).join('')
}

/** Every byte under the home but the code that the runtime keeps compiled. */
function bytesOfHome(): string {
  return readdirSync(bench.home, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('compiled'))
    .map((name) => join(bench.home, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => `${path}\n${readFileSync(path, 'latin1')}`)
    .join('\n')
}

describe('a key in the vault', () => {
  it('goes from standard input to the provider and is shown nowhere on the way', async () => {
    const made = await bench.run(['vault', 'init'])
    expect(made.code).toBe(0)
    expect(made.stdout).toMatch(/place +file .*\.local\/state\/signalbox\/keys\.json\nkeys +local\nmade +yes/)
    const again = await bench.json(['vault', 'init'])
    expect(again.envelope).toMatchObject({ ok: true, data: { keys: ['local'], made: false } })

    const set = await bench.run(['vault', 'set', 'openai-key', '--config', config], { input: `${canary}\n` })
    expect(set).toMatchObject({ code: 0, stdout: 'name     openai-key\nversion  1\nused_by  oa\n' })

    const gateway = await bench.serve(['--config', config, '--port', '0'])
    let errors = ''
    gateway.child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    expect(await ask(gateway.url)).toMatchObject({ status: 200 })
    expect(keys).toEqual([`Bearer ${canary}`])

    const listed = await bench.run(['vault', 'list'])
    expect(listed.stderr).toContain(`vault list on ${gateway.url}`)
    expect(listed.stdout).toMatch(
      /^name +version +key_id +opens +used_by +updated_at\nopenai-key +1 +local +yes +oa +20/,
    )

    // The running gateway goes by a new value at once, and by none.
    const changed = await bench.run(['vault', 'set', 'openai-key'], { input: `${canary}-2` })
    expect(changed.stdout).toMatch(/version +2/)
    expect(await ask(gateway.url)).toMatchObject({ status: 200 })
    expect(keys.at(-1)).toBe(`Bearer ${canary}-2`)
    const traces = await bench.run(['trace', 'list', '--json'])

    const removed = await bench.run(['vault', 'rm', 'openai-key'])
    expect(removed.code).toBe(0)
    const refused = await ask(gateway.url)
    expect(refused.status).toBe(500)
    expect(refused.text).toContain('missing_credential')
    expect(refused.text).toContain('openai-key')
    expect(keys.length).toBe(2)
    const absent = await bench.run(['vault', 'rm', 'openai-key'])
    expect(absent).toMatchObject({ code: 1 })
    expect(absent.stderr).toContain('error not_found: the vault has no entry "openai-key"')
    // The log of the database is beside it as long as it is open.
    const whileOpen = bytesOfHome()
    expect(whileOpen).toContain('state.sqlite-wal')
    await gateway.stop()

    const everything = said(made, set, listed, changed, traces, removed, absent) + errors + refused.text
    expect(everything).not.toContain(canary)
    const onDisk = whileOpen + bytesOfHome()
    expect(onDisk).toContain('openai-key')
    for (const form of [
      canary,
      Buffer.from(canary).toString('base64').slice(0, 30),
      Buffer.from(canary).toString('hex'),
    ])
      expect(onDisk).not.toContain(form)
    expect(statSync(join(bench.home, 'data/state.sqlite')).mode & 0o777).toBe(0o600)
  })

  it('stays readable while keys come and go under a running gateway', async () => {
    await bench.run(['vault', 'init'])
    await bench.run(['vault', 'set', 'openai-key', '--config', config], { input: canary })
    const gateway = await bench.serve(['--config', config, '--port', '0'])
    const { envelope } = await bench.json(['vault', 'keygen'])
    expect(envelope).toMatchObject({
      ok: true,
      data: { key_id: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), made: true },
    })
    const id = String((envelope as { data: { key_id: string } }).data.key_id)
    // Nothing is lost by doing it in this process although a gateway runs on the same file.
    const rewrapped = await bench.json(['vault', 'rewrap', '--config', config])
    expect(rewrapped.envelope).toMatchObject({ ok: true, data: { rewrapped: 1, kept: 0, unused_keys: ['local'] } })
    expect(await ask(gateway.url)).toMatchObject({ status: 200 })
    expect((await bench.json(['vault', 'retire', id])).envelope).toMatchObject({
      ok: false,
      error: { code: 'key_in_use' },
    })
    expect((await bench.json(['vault', 'retire', 'local'])).envelope).toMatchObject({ ok: true, data: { keys: [id] } })
    expect(await bench.json(['vault', 'rewrap'])).toMatchObject({ envelope: { data: { rewrapped: 0, kept: 1 } } })
    expect(await ask(gateway.url)).toMatchObject({ status: 200 })
    expect(keys).toEqual([`Bearer ${canary}`, `Bearer ${canary}`])
    await gateway.stop()
    // The rings of both keys were in files and answers: none of their bytes was.
    expect(JSON.stringify([envelope, rewrapped.envelope])).not.toMatch(/[\w+/]{43}=/)
  })

  it('whose key was taken away is missed at the start, by count and name', async () => {
    const ring = (letter: string): string => `${letter}:${Buffer.alloc(32, letter).toString('base64')}`
    for (const name of ['openai-key', 'other'])
      await bench.run(['vault', 'set', name, '--config', config], { input: canary, env: { SIGNALBOX_KEK: ring('a') } })
    const gateway = await bench.serve(['--config', config, '--port', '0'], { env: { SIGNALBOX_KEK: ring('b') } })
    const refused = await ask(gateway.url)
    expect(refused.text).toContain('missing_credential')
    expect(keys).toEqual([])
    await gateway.stop()
    const seen: string[] = []
    const child = bench.start(['serve', '--config', config, '--port', '0'], { env: { SIGNALBOX_KEK: ring('b') } })
    child.stderr?.on('data', (chunk: Buffer) => seen.push(chunk.toString()))
    await new Promise((done) => child.stdout?.once('data', done))
    child.kill('SIGTERM')
    // Not `exit`, which may come before the last of its words.
    await new Promise((done) => child.once('close', done))
    const line =
      seen
        .join('')
        .split('\n')
        .find((text) => text.includes('vault_not_opened')) ?? '{}'
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', event: 'vault_not_opened', key_id: 'a', count: 2 })
    expect(seen.join('')).not.toContain(canary)
  })
})

// Where the making of keys is not the matter, they come from the environment: each command is a process.
const keyed = { SIGNALBOX_KEK: `k:${Buffer.alloc(32, 'k').toString('base64')}` }

describe('vault set', () => {
  it.each<[string, readonly string[], { input?: string; env?: Record<string, string> }, RegExp]>([
    ['nothing on standard input', [], { input: '' }, /error invalid_value: the value is empty/],
    ['a variable that is not set', ['--from-env', 'NOPE'], {}, /--from-env: the environment variable NOPE is not set/],
    ['two sources', ['--from-env', 'HOME', '--value', canary], {}, /--value cannot be combined with --from-env/],
    ['more than a value may have', [], { input: 'x'.repeat(65_537) }, /the value is longer than 65536 bytes/],
  ])('says what is wrong with %s, and quotes nothing', async (_name, args, { input, env }, message) => {
    const options = { ...(input !== undefined && { input }), env: { ...keyed, ...env } }
    const result = await bench.run(['vault', 'set', 'k', '--config', config, ...args], options)
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(message)
    expect(said(result)).not.toContain(canary)
  })

  it('takes a variable, warns about a value on the command line, and keeps inner line ends', async () => {
    const env = { ...keyed, TOKEN: canary, P: 'p' }
    expect((await bench.run(['vault', 'set', 'a', '--from-env', 'TOKEN', '--config', config], { env })).code).toBe(0)
    const flagged = await bench.run(['vault', 'set', 'b', '--value', canary, '--config', config], { env })
    expect(flagged.code).toBe(0)
    expect(flagged.stderr).toContain('warning: --value can be read in the list of processes')
    expect(said(flagged)).not.toContain(canary)
    await bench.run(['vault', 'set', 'pem', '--config', config], { input: 'line 1\nline 2\n\n', env })
    const exported = await bench.run(['vault', 'export', '--passphrase-env', 'P', '--config', config], { env })
    const age = await import('age-encryption')
    const decrypter = new age.Decrypter()
    decrypter.addPassphrase('p')
    const dump = JSON.parse(await decrypter.decrypt(age.armor.decode(exported.stdout), 'text')) as unknown
    expect(dump).toMatchObject({ entries: { a: canary, b: canary, pem: 'line 1\nline 2\n' } })
  })

  it('without a key, or into a memory that is about to end, seals nothing', async () => {
    const keyless = await bench.run(['vault', 'set', 'k', '--config', config], { input: canary })
    expect(keyless.stderr).toContain(
      'not_configured: the vault has no key: set SIGNALBOX_KEK, or run: signalbox vault init',
    )
    const memory = bench.file('memory.json', { storage: { kind: 'memory' } })
    const lost = await bench.run(['vault', 'set', 'k', '--config', memory], { input: canary, env: keyed })
    expect(lost.code).toBe(1)
    expect(lost.stderr).toContain('this configuration keeps the vault in memory')
  })

  it('stops at a key file that others can read, with the command that mends it', async () => {
    await bench.run(['vault', 'init'])
    const path = join(bench.home, '.local/state/signalbox/keys.json')
    chmodSync(path, 0o644)
    for (const args of [['set', 'k'], ['list'], ['rewrap']]) {
      const result = await bench.run(['vault', ...args, '--config', config], { input: canary })
      expect(result.code).toBe(78)
      expect(result.stderr).toContain(`is open to others (mode 0644). Run: chmod 600 '${path}'`)
    }
    expect((await bench.run(['vault', 'init'])).code).toBe(78)
    expect((await bench.run(['vault', 'keygen'])).code).toBe(78)
  })
})

describe('a vault on its way to another machine', () => {
  let identity: string
  let recipient: string
  let identityFile: string

  beforeEach(async () => {
    identity = await generateIdentity()
    recipient = await identityToRecipient(identity)
    identityFile = bench.file('identity.txt', `# created: today\n${identity}\n`)
  })

  const set = (name: string, input: string): Promise<Result> =>
    bench.run(['vault', 'set', name, '--config', config], { input, env: keyed })

  it('is an age file that its recipient merges into another vault', async () => {
    await set('openai-key', canary)
    await set('other', 'second value')
    const exported = await bench.run(['vault', 'export', '--age', recipient, '--config', config], { env: keyed })
    expect(exported.stdout).toMatch(
      /^-----BEGIN AGE ENCRYPTED FILE-----\n[\w+/=\n]+-----END AGE ENCRYPTED FILE-----\n$/,
    )
    expect(said(exported)).not.toContain(canary)

    const target = bench.file('target.json', { storage: { kind: 'sqlite', path: 'target/state.sqlite' } })
    const env = { SIGNALBOX_KEK: `other:${Buffer.alloc(32, 'o').toString('base64')}` }
    await bench.run(['vault', 'set', 'other', '--config', target], { input: 'what is there', env })
    const merge = (...flags: string[]) =>
      bench.json(['vault', 'import', '--age', identityFile, '--config', target, ...flags], {
        input: exported.stdout,
        env,
      })
    expect((await merge()).envelope).toMatchObject({ data: { added: 1, replaced: 0, same: 0, skipped: ['other'] } })
    expect((await merge()).envelope).toMatchObject({ data: { added: 0, replaced: 0, same: 1, skipped: ['other'] } })
    expect((await merge('--force')).envelope).toMatchObject({ data: { added: 0, replaced: 1, same: 1, skipped: [] } })
    expect((await merge('--force')).envelope).toMatchObject({ data: { added: 0, replaced: 0, same: 2, skipped: [] } })
    const listed = await bench.json(['vault', 'list', '--config', target], { env })
    expect(listed.envelope).toMatchObject({
      data: [
        { name: 'openai-key', opens: true },
        { name: 'other', version: 2 },
      ],
    })
  })

  it('opens for each of several recipients, and for nobody else', async () => {
    await set('k', canary)
    const second = await generateIdentity()
    const args = ['vault', 'export', '--age', recipient, '--age', await identityToRecipient(second), '--config', config]
    const { stdout } = await bench.run(args, { env: keyed })
    const tryWith = async (own: string): Promise<Result> => {
      const file = bench.file('own.txt', own)
      return bench.run(['vault', 'import', '--age', file, '--config', config], { input: stdout, env: keyed })
    }
    expect((await tryWith(identity)).stdout).toMatch(/same +1/)
    expect((await tryWith(second)).stdout).toMatch(/same +1/)
    const stranger = await tryWith(await generateIdentity())
    expect(stranger.code).toBe(2)
    expect(stranger.stderr).toContain('age_not_opened: standard input could not be opened as an age file')
    const nonsense = await tryWith('not an identity')
    expect(nonsense.stderr).toContain('the file holds a line that is no age identity')
  })

  it('is not written for nobody', async () => {
    const result = await bench.run(['vault', 'export', '--config', config], { env: keyed })
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toContain(
      'missing_flag: name who may open it: --age RECIPIENT (age1…), or --passphrase-env NAME',
    )
  })

  it('is not written in part without a word', async () => {
    await set('k', canary)
    await bench.run(['vault', 'set', 'lost', '--config', config], {
      input: 'x',
      env: { SIGNALBOX_KEK: `gone:${Buffer.alloc(32, 'g').toString('base64')}` },
    })
    const refused = await bench.run(['vault', 'export', '--age', recipient, '--config', config], { env: keyed })
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('lost is sealed with key gone')
    const partial = await bench.run(['vault', 'export', '--age', recipient, '--config', config, '--force'], {
      env: keyed,
    })
    expect(partial.code).toBe(0)
    expect(partial.stderr).toContain('left out, as no key opens them: lost')
  })

  it('is not opened with an identity that others can read', async () => {
    chmodSync(identityFile, 0o640)
    const result = await bench.run(['vault', 'import', '--age', identityFile, '--config', config], {
      input: 'x',
      env: keyed,
    })
    expect(result.code).toBe(78)
    expect(result.stderr).toContain(`Run: chmod 600 '${identityFile}'`)
  })
})

describe('records of LLM-switcher', () => {
  function record(key: Buffer, value: string): string {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    const text = Buffer.concat([cipher.update(value), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64')
  }

  it('come into the vault with the key they were sealed with, or not at all', async () => {
    const kms = randomBytes(32)
    const derived = createHash('sha256').update('old admin key').digest()
    const run = (input: string, env: Record<string, string>) =>
      bench.json(['vault', 'import', '--format', 'ls', '--config', config], { input, env: { ...keyed, ...env } })
    const lines = `# two profiles\nopenai-main=${record(kms, canary)}\nanthropic ${record(kms, 'second')}\n`
    expect((await run(lines, { ROUTER_KMS_KEY: kms.toString('base64') })).envelope).toMatchObject({
      data: { added: 2 },
    })
    const json = JSON.stringify({ third: record(derived, 'third') })
    expect((await run(json, { ROUTER_ADMIN_KEY: 'old admin key' })).envelope).toMatchObject({ data: { added: 1 } })
    const wrong = JSON.stringify({ fourth: record(derived, 'x'), fifth: record(kms, 'y') })
    expect((await run(wrong, { ROUTER_ADMIN_KEY: 'old admin key' })).envelope).toMatchObject({
      error: { code: 'record_not_opened', message: 'fifth does not open with this key: nothing was imported' },
    })
    expect((await run(lines, {})).envelope).toMatchObject({ error: { code: 'missing_credential' } })
    const listed = await bench.json(['vault', 'list', '--config', config], { env: keyed })
    expect(listed.envelope).toMatchObject({ data: [{ name: 'anthropic' }, { name: 'openai-main' }, { name: 'third' }] })
  })
})

describe.runIf(onlyInFull('the vault on Bun and Deno')).each(['bun', 'deno'] as const)('on %s', (runtime) => {
  it('a value is sealed, listed, exported and imported, and its key is changed', async () => {
    const run = async (args: readonly string[], input = ''): Promise<Envelope> =>
      (await bench.json(args, { runtime, input, env: { P: 'p' } })).envelope
    expect(await run(['vault', 'init'])).toMatchObject({ data: { keys: ['local'], made: true } })
    expect(await run(['vault', 'set', 'k', '--config', config], canary)).toMatchObject({ data: { version: 1 } })
    expect(await run(['vault', 'keygen', '--id', 'next'])).toMatchObject({ data: { keys: ['next', 'local'] } })
    expect(await run(['vault', 'rewrap', '--config', config])).toMatchObject({ data: { rewrapped: 1 } })
    expect(await run(['vault', 'retire', 'local', '--config', config])).toMatchObject({ data: { keys: ['next'] } })
    const exported = await run(['vault', 'export', '--passphrase-env', 'P', '--config', config])
    expect(JSON.stringify(exported)).not.toContain(canary)
    const file = (exported as unknown as { data: { age: string } }).data.age
    expect(await run(['vault', 'rm', 'k', '--config', config])).toMatchObject({ data: { removed: true } })
    const imported = await run(['vault', 'import', '--passphrase-env', 'P', '--config', config], file)
    expect(imported).toMatchObject({ data: { added: 1, skipped: [] } })
    expect(await run(['vault', 'list', '--config', config])).toMatchObject({ data: [{ key_id: 'next', opens: true }] })
  })
})

describe('vault keygen', () => {
  it('prints a key only where it is asked to, and keeps none of it then', async () => {
    const printed = await bench.run(['vault', 'keygen', '--print'])
    expect(printed.stdout).toMatch(/^\d{4}-\d\d-\d\d:[\w+/]{43}=\n$/)
    expect(printed.stderr).toContain('warning: the next line is the key itself')
    expect(readdirSync(bench.home).includes('.local')).toBe(false)
    const used = await bench.run(['vault', 'set', 'k', '--config', config], {
      input: canary,
      env: { SIGNALBOX_KEK: printed.stdout.trim() },
    })
    expect(used.code).toBe(0)
  })

  it('makes the same key again from the same secret and the name of the key', async () => {
    const env = { ADMIN: randomBytes(32).toString('base64') }
    const first = await bench.run(['vault', 'keygen', '--print', '--from-env', 'ADMIN'], { env })
    const salt = /^hkdf-([\da-f]{32}):/.exec(first.stdout)?.[1] ?? ''
    const second = await bench.run(['vault', 'keygen', '--print', '--from-env', 'ADMIN', '--salt', salt], { env })
    expect(second.stdout).toBe(first.stdout)
    const weak = await bench.run(['vault', 'keygen', '--from-env', 'ADMIN'], { env: { ADMIN: 'a phrase to remember' } })
    expect(weak.stderr).toContain('ADMIN is not the base64 or hex of 32 random bytes or more')
    expect(said(first, second, weak)).not.toContain(env.ADMIN)
  })

  it('changes nothing where the keys come from the environment', async () => {
    const env = { SIGNALBOX_KEK: `a:${Buffer.alloc(32, 'a').toString('base64')}` }
    expect((await bench.json(['vault', 'init'], { env })).envelope).toMatchObject({
      data: { place: 'environment SIGNALBOX_KEK', keys: ['a'], made: false },
    })
    expect((await bench.json(['vault', 'keygen'], { env })).envelope).toMatchObject({
      error: { code: 'keys_are_given' },
    })
  })

  it('falls back to the file where no keychain can be used, and says so', async () => {
    const result = await bench.run(['vault', 'init'], { env: { SIGNALBOX_KEYCHAIN: '1' } })
    expect(result.code).toBe(0)
    expect(result.stderr).toMatch(
      /no keychain could be used \(.+\): the keys are kept in .*keys\.json, which only you can read/,
    )
  })
})
