// Every source from the configuration's words to the value, over real sockets, files and stores.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import { maxStoreBytes } from '../../src/credentials/sources/http.ts'
import { maxSecretLength } from '../../src/credentials/sources/text.ts'
import { Secret } from '../../src/ir/secret.ts'
import { writeSealed } from '../../src/sealing/vault.ts'
import { createLiveScene, type LiveOptions, type LiveScene } from './support/live.ts'
import { configOf, snapshotOf, valueOf } from './support/scene.ts'
import { startSecretsManager, type SecretsManager } from './support/secrets-manager.ts'
import { startVault, type VaultServer } from './support/vault-server.ts'

const scenes: LiveScene[] = []

function live(options: LiveOptions): LiveScene {
  const scene = createLiveScene(options)
  scenes.push(scene)
  return scene
}

afterAll(async () => {
  await Promise.all(scenes.map((scene) => scene.close()))
})

/** Code and message of the failure. */
async function failureOf(scene: LiveScene, snapshot: Snapshot): Promise<{ code: string; message: string }> {
  const outcome = await scene.lease(snapshot)
  if (outcome.ok) throw new Error(`leased ${valueOf(outcome)}`)
  return { code: outcome.error.code, message: outcome.error.message }
}

const canary = 'canary-0123456789abcdef'
const kek = `k1:${Buffer.alloc(32, 9).toString('base64')}`

describe('HashiCorp Vault', () => {
  const token = 'hvs.CAESICanaryToken'
  let vault: VaultServer
  let env: Record<string, string>

  beforeEach(async () => {
    vault = await startVault({ token, namespace: 'team-a' })
    env = { VAULT_ADDR: vault.url, VAULT_TOKEN: token, VAULT_NAMESPACE: 'team-a' }
    vault.put('secret', 'llm/openai', { data: { value: canary, other: 'x', nested: { a: 1 } } })
    return () => vault.close()
  })

  const of = (more: object) => snapshotOf(configOf({ type: 'api_key', source: 'hashicorp_vault', ...more }))
  const usual = of({ path: 'llm/openai' })

  it('gives the member "value" of the entry below the mount "secret", asked with token and namespace', async () => {
    const scene = live({ env })
    expect(valueOf(await scene.lease(usual))).toBe(canary)
    expect(vault.seen).toMatchObject([
      { path: '/v1/secret/data/llm/openai', headers: { 'x-vault-token': token, 'x-vault-namespace': 'team-a' } },
    ])
  })

  it('is asked once by 1,000 requests at once', async () => {
    const scene = live({ env })
    const all = await Promise.all(Array.from({ length: 1000 }, () => scene.lease(usual)))
    expect(new Set(all.map(valueOf))).toEqual(new Set([canary]))
    expect(vault.seen).toHaveLength(1)
  })

  it('gives the newest version', async () => {
    vault.put('secret', 'llm/openai', { data: { value: 'newest' } })
    expect(valueOf(await live({ env }).lease(usual))).toBe('newest')
  })

  it('gives another member, of another mount, from other variables, with letters that a path has to escape', async () => {
    vault.put('kv/teams', 'a b/ä?#', { data: { api_key: 'other' } })
    const scene = live({ env: { ADDR: `${vault.url}/`, TOK: token, NS: 'team-a' } })
    const more = { mount: 'kv/teams', path: 'a b/ä?#', field: 'api_key' }
    expect(
      valueOf(await scene.lease(of({ ...more, address_env: 'ADDR', token_env: 'TOK', namespace_env: 'NS' }))),
    ).toBe('other')
  })

  it('gives a member that is no text as JSON', async () => {
    expect(valueOf(await live({ env }).lease(of({ path: 'llm/openai', field: 'nested' })))).toBe('{"a":1}')
  })

  it('works below a path of a reverse proxy', async () => {
    const { url } = vault
    const scene = live({ env: { ...env, VAULT_ADDR: `${url}/behind/` } })
    expect((await failureOf(scene, usual)).code).toBe('missing_credential')
    expect(vault.seen[0]?.path).toBe('/behind/v1/secret/data/llm/openai')
  })

  const refusals: readonly (readonly [name: string, env: object, more: object, code: string, message: RegExp])[] = [
    ['a wrong token', { VAULT_TOKEN: 'wrong' }, {}, 'missing_credential', /permission denied: VAULT_TOKEN has ended/],
    ['a wrong namespace', { VAULT_NAMESPACE: 'b' }, {}, 'missing_credential', /permission denied/],
    ['a path that is not there', {}, { path: 'no' }, 'missing_credential', /secret\/no is not there/],
    ['a member that is not there', {}, { field: 'key' }, 'missing_credential', /no member "key"; name another one/],
    ['no address', { VAULT_ADDR: '' }, {}, 'missing_credential', /variable VAULT_ADDR is not set/],
    ['no token', { VAULT_TOKEN: '' }, {}, 'missing_credential', /variable VAULT_TOKEN is not set/],
    ['an address that is none', { VAULT_ADDR: 'vault:8200' }, {}, 'missing_credential', /VAULT_ADDR is not a URL/],
    ['a token of two lines', { VAULT_TOKEN: 'a\nb' }, {}, 'missing_credential', /VAULT_TOKEN holds a line break/],
    ['http to a public host', { VAULT_ADDR: 'http://1.1.1.1' }, {}, 'blocked_endpoint', /http is accepted for private/],
    ['a metadata address', { VAULT_ADDR: 'http://169.254.169.254' }, {}, 'blocked_endpoint', /is not asked/],
    ['nobody there', { VAULT_ADDR: 'http://127.0.0.1:1' }, {}, 'upstream_unreachable', /cannot be reached/],
  ]
  it.each(refusals)('says what is wrong with %s', async (_name, changed, more, code, message) => {
    const failure = await failureOf(live({ env: { ...env, ...changed } }), of({ path: 'llm/openai', ...more }))
    expect(failure).toMatchObject({ code })
    expect(failure.message).toMatch(message)
    expect(failure.message).not.toContain(token)
  })

  it.each([
    ['deleted', /version 2 was deleted; undelete it/],
    ['destroyed', /version 2 was destroyed; write a new one/],
  ] as const)('tells a version that was %s from one that never was', async (state, message) => {
    vault.put('secret', 'llm/openai', { data: {}, state })
    const failure = await failureOf(live({ env }), usual)
    expect(failure.code).toBe('missing_credential')
    expect(failure.message).toMatch(message)
  })

  it.each([
    ['sealed', 'upstream_unreachable', /is sealed/],
    ['standby', 'upstream_unreachable', /a standby, which sends on/],
    ['huge', 'upstream_unreachable', new RegExp(`more than ${maxStoreBytes} bytes`)],
    ['html', 'missing_credential', /not in a KV engine of version 2/],
  ] as const)('that is %s fails, and the token goes nowhere else', async (mode, code, message) => {
    vault.mode = mode
    const failure = await failureOf(live({ env }), usual)
    expect(failure.code).toBe(code)
    expect(failure.message).toMatch(message)
    expect(vault.seen).toHaveLength(1)
  })

  it('that says nothing is given up after ten seconds', async () => {
    vault.mode = 'silent'
    expect(await failureOf(live({ env, hurry: 50 }), usual)).toEqual({
      code: 'upstream_unreachable',
      message: expect.stringContaining('did not answer within 10 s'),
    })
  })

  it('that comes back is asked again after the failure is forgotten', async () => {
    vault.mode = 'sealed'
    const scene = live({ env })
    await failureOf(scene, usual)
    vault.mode = 'open'
    await failureOf(scene, usual)
    expect(vault.seen).toHaveLength(1)
    expect((await scene.keeper.check('c', usual)).ok).toBe(true)
    expect(valueOf(await scene.lease(usual))).toBe(canary)
  })

  it('is written in the audit without the value, and with how it went', async () => {
    const scene = live({ env })
    await scene.lease(usual)
    await failureOf(scene, of({ path: 'nothing' }))
    const rows = await scene.rows(2)
    expect(rows).toMatchObject([
      { credential: 'c', source: 'hashicorp_vault', reason: 'first', outcome: 'ok' },
      { credential: 'c', source: 'hashicorp_vault', reason: 'first', outcome: 'missing_credential' },
    ])
    expect(JSON.stringify([rows, scene.logs])).not.toContain(canary)
    expect(JSON.stringify([rows, scene.logs])).not.toContain(token)
  })

  it('has its token among what is taken out of texts', async () => {
    const scene = live({ env })
    await scene.lease(usual)
    expect(new Set(scene.keeper.live().map((secret) => secret.reveal()))).toEqual(new Set([canary, token]))
  })
})

describe('AWS Secrets Manager', () => {
  const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
  let service: SecretsManager
  let env: Record<string, string>

  beforeEach(async () => {
    service = await startSecretsManager('eu-west-1', keys)
    env = {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: service.url,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_REGION: 'eu-west-1',
    }
    service.secrets.set('llm/openai', { text: canary })
    service.secrets.set('json', { text: JSON.stringify({ api_key: canary, empty: '' }) })
    return () => service.close()
  })

  const of = (more: object, others: Record<string, object> = {}) =>
    snapshotOf(configOf({ type: 'api_key', source: 'aws_secrets', ...more }, others))

  it('gives the text of a secret to a request that is signed right', async () => {
    const scene = live({ env })
    expect(valueOf(await scene.lease(of({ name: 'llm/openai' })))).toBe(canary)
    expect(service.seen).toMatchObject([
      { body: '{"SecretId":"llm/openai"}', headers: { 'x-amz-target': 'secretsmanager.GetSecretValue' } },
    ])
  })

  it('gives a member of a secret that is JSON', async () => {
    expect(valueOf(await live({ env }).lease(of({ name: 'json', field: 'api_key' })))).toBe(canary)
  })

  it('gives bytes that are text', async () => {
    service.secrets.set('bytes', { bytes: Buffer.from(`${canary}ä`) })
    expect(valueOf(await live({ env }).lease(of({ name: 'bytes' })))).toBe(`${canary}ä`)
  })

  it('is signed with a session token where there is one', async () => {
    const other = await startSecretsManager('eu-west-1', { ...keys, sessionToken: 'session' })
    other.secrets.set('llm/openai', { text: canary })
    const scene = live({ env: { ...env, AWS_ENDPOINT_URL_SECRETS_MANAGER: other.url, AWS_SESSION_TOKEN: 'session' } })
    expect(valueOf(await scene.lease(of({ name: 'llm/openai' })))).toBe(canary)
    await other.close()
  })

  it('is asked with the new keys where those that opened it were replaced', async () => {
    const { AWS_ENDPOINT_URL_SECRETS_MANAGER: url = '' } = env
    const scene = live({ env: { AWS_ENDPOINT_URL: url, AWS_REGION: 'eu-west-1', SIGNALBOX_KEK: kek } })
    const reader = { type: 'aws', source: 'sealed', name: 'reader' }
    const store = async (secretKey: string): Promise<void> => {
      const text = JSON.stringify({ access_key_id: keys.accessKeyId, secret_access_key: secretKey })
      const access = { secrets: { get: () => kek }, stores: scene.stores, clock: { now: () => 1 } }
      expect((await writeSealed(access, 'reader', new Secret('reader', text), null)).ok).toBe(true)
    }
    await store('an-old-secret-key')
    const snapshot = of({ name: 'llm/openai', credential: 'reader' }, { reader })
    expect((await scene.keeper.check('reader', snapshot)).ok).toBe(true)
    await store(keys.secretAccessKey)
    expect(valueOf(await scene.lease(snapshot))).toBe(canary)
  })

  it('is signed with the keys of another credential, which is asked first and has rows of its own', async () => {
    const { AWS_ENDPOINT_URL_SECRETS_MANAGER: url } = env
    const scene = live({
      env: { AWS_ENDPOINT_URL: url ?? '', ID: keys.accessKeyId, KEY: keys.secretAccessKey, REGION: 'eu-west-1' },
    })
    const reader = { type: 'aws', access_key_env: 'ID', secret_key_env: 'KEY', region_env: 'REGION' }
    expect(valueOf(await scene.lease(of({ name: 'llm/openai', credential: 'reader' }, { reader })))).toBe(canary)
    const rows = await scene.rows(2)
    expect(rows.map(({ credential, source, outcome }) => [credential, source, outcome])).toContainEqual([
      'reader',
      'aws',
      'ok',
    ])
    expect(JSON.stringify(rows)).not.toContain(keys.secretAccessKey)
  })

  it.each([
    ['the source', { region: 'eu-west-1' }, 'llm/openai', 'us-east-1'],
    ['the ARN', {}, 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:llm-AbCdEf', 'us-east-1'],
    ['AWS_REGION', {}, 'llm/openai', 'eu-west-1'],
  ])('takes the region of %s', async (_name, more, name, region) => {
    service.secrets.set(name, { text: canary })
    const scene = live({ env: { ...env, AWS_REGION: region } })
    expect(valueOf(await scene.lease(of({ name, ...more })))).toBe(canary)
  })

  const refusals: readonly (readonly [name: string, env: object, more: object, code: string, message: RegExp])[] = [
    ['a secret that is not there', {}, { name: 'no' }, 'missing_credential', /has no secret no in this region/],
    ['a wrong key', { AWS_SECRET_ACCESS_KEY: 'x' }, {}, 'missing_credential', /does not accept the AWS keys \(Invalid/],
    ['unknown keys', { AWS_ACCESS_KEY_ID: 'x' }, {}, 'missing_credential', /not accept the AWS keys \(Unrecognized/],
    ['no keys', { AWS_ACCESS_KEY_ID: '' }, {}, 'missing_credential', /AWS_ACCESS_KEY_ID/],
    ['no region', { AWS_REGION: '' }, {}, 'missing_credential', /no region/],
    ['another region', { AWS_REGION: 'us-east-1' }, {}, 'missing_credential', /InvalidSignatureException/],
    ['a member of what is no JSON', {}, { field: 'a' }, 'missing_credential', /is no JSON object/],
    ['an empty member', {}, { name: 'json', field: 'empty' }, 'missing_credential', /is empty/],
    ['an endpoint that is none', { AWS_ENDPOINT_URL_SECRETS_MANAGER: 'x' }, {}, 'missing_credential', /not a URL/],
    [
      'nobody there',
      { AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1' },
      {},
      'upstream_unreachable',
      /cannot be reached/,
    ],
  ]
  it.each(refusals)('says what is wrong with %s', async (_name, changed, more, code, message) => {
    const failure = await failureOf(live({ env: { ...env, ...changed } }), of({ name: 'llm/openai', ...more }))
    expect(failure).toMatchObject({ code })
    expect(failure.message).toMatch(message)
    expect(failure.message).not.toContain(keys.secretAccessKey)
  })

  it.each([
    ['AccessDeniedException', /need secretsmanager:GetSecretValue/],
    ['DecryptionFailure', /kms:Decrypt/],
    ['InvalidRequestException', /marked for deletion/],
    ['ExpiredTokenException', /has ended/],
    ['SomethingNewException', /SomethingNewException \(status 400\)/],
  ])('explains %s', async (type, message) => {
    service.secrets.set('llm/openai', { error: type })
    const failure = await failureOf(live({ env }), of({ name: 'llm/openai' }))
    expect(failure.code).toBe('missing_credential')
    expect(failure.message).toMatch(message)
  })

  it.each(['failing', 'throttling'] as const)('that is %s is away, not wrong', async (status) => {
    service.status = status
    expect((await failureOf(live({ env }), of({ name: 'llm/openai' }))).code).toBe('upstream_unreachable')
  })

  it('gives no bytes that are not text, and nothing that is too long', async () => {
    service.secrets.set('bytes', { bytes: Buffer.from([0xff, 0xfe, 0x00]) })
    expect((await failureOf(live({ env }), of({ name: 'bytes' }))).message).toMatch(/bytes that are not text/)
    service.secrets.set('long', { text: 'x'.repeat(maxSecretLength + 1) })
    expect((await failureOf(live({ env }), of({ name: 'long' }))).message).toMatch(/holds more than/)
  })
})

describe('a file', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signalbox-file-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const of = (path: string, more: object = {}) =>
    snapshotOf(configOf({ type: 'api_key', source: 'file', path, ...more }))

  it.each([
    ['without a newline', canary],
    ['with the newline of an editor', `${canary}\n`],
    ['with that of Windows', `${canary}\r\n`],
  ])('%s gives its text', async (_name, text) => {
    await writeFile(join(folder, 'key'), text, { mode: 0o600 })
    expect(valueOf(await live({ env: {} }).lease(of(join(folder, 'key'))))).toBe(canary)
  })

  it('gives a member of its JSON, and lies below this user with ~/', async () => {
    await writeFile(join(folder, 'keys.json'), JSON.stringify({ openai: canary }), { mode: 0o600 })
    const scene = live({ env: {}, home: folder })
    expect(valueOf(await scene.lease(of('~/keys.json', { field: 'openai' })))).toBe(canary)
    expect((await failureOf(scene, of('~/keys.json', { field: 'groq' }))).message).toMatch(/no member "groq"/)
  })

  it('is named without the folder of this user, in words that a shell understands', async () => {
    const scene = live({ env: {}, home: folder })
    expect((await failureOf(scene, of(join(folder, 'nothing')))).message).toBe(
      'credential c: there is no file ~/nothing',
    )
    await writeFile(join(folder, 'wide'), canary)
    await chmod(join(folder, 'wide'), 0o644)
    expect((await failureOf(live({ env: {}, home: folder }), of('~/wide'))).message).toBe(
      'credential c: the file ~/wide is open to others (mode 0644): run chmod 600 ~/wide',
    )
    await writeFile(join(folder, 'w i'), canary)
    await chmod(join(folder, 'w i'), 0o644)
    expect((await failureOf(live({ env: {}, home: folder }), of('~/w i'))).message).toContain(
      `run chmod 600 '${join(folder, 'w i')}'`,
    )
  })

  it('that others can read is refused with its mode and the command to run', async () => {
    const path = join(folder, 'open')
    await writeFile(path, canary)
    await chmod(path, 0o644)
    const failure = await failureOf(live({ env: {} }), of(path))
    expect(failure.message).toContain(`is open to others (mode 0644): run chmod 600 ${path}`)
    expect(failure.message).not.toContain(canary)
  })

  it('that changed is used after a refusal by the provider', async () => {
    const path = join(folder, 'rotated')
    await writeFile(path, 'old', { mode: 0o600 })
    const scene = live({ env: {} })
    const lease = await scene.lease(of(path))
    await writeFile(path, 'new')
    if (lease.ok) scene.keeper.refused(lease.value)
    expect(valueOf(await scene.lease(of(path)))).toBe('new')
  })
})

describe('the vault of the gateway', () => {
  const of = (more: object) => snapshotOf(configOf({ type: 'api_key', source: 'sealed', ...more }))

  async function sealed(name: string, value: string, env: Record<string, string> = { SIGNALBOX_KEK: kek }) {
    const scene = live({ env })
    const access = { secrets: { get: () => kek }, stores: scene.stores, clock: { now: () => 1 } }
    expect((await writeSealed(access, name, new Secret(name, value), 0)).ok).toBe(true)
    return scene
  }

  it('gives what was sealed, and a member of it', async () => {
    expect(valueOf(await (await sealed('openai', canary)).lease(of({ name: 'openai' })))).toBe(canary)
    const scene = await sealed('keys', JSON.stringify({ a: canary }))
    expect(valueOf(await scene.lease(of({ name: 'keys', field: 'a' })))).toBe(canary)
  })

  it('says where an entry or the key is not there', async () => {
    expect(await failureOf(await sealed('openai', canary), of({ name: 'other' }))).toMatchObject({
      code: 'missing_credential',
      message: expect.stringMatching(/no entry other/),
    })
    expect(await failureOf(await sealed('openai', canary, {}), of({ name: 'openai' }))).toMatchObject({
      code: 'missing_credential',
      message: expect.stringContaining('SIGNALBOX_KEK'),
    })
  })

  it('that cannot be read counts as away', async () => {
    const scene = await sealed('openai', canary)
    Object.assign(scene.stores.vault, { get: () => Promise.reject(new Error('SQLITE_BUSY')) })
    expect((await failureOf(scene, of({ name: 'openai' }))).code).toBe('upstream_unreachable')
  })
})
