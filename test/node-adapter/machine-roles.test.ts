// The machine's own services as stand-ins on real sockets, as strict as the real ones: AWS's instance metadata, container
// endpoints, and Azure's two identity endpoints.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readInstanceProfile } from '../../node-adapter/machine/imds.ts'
import { readManagedIdentity } from '../../node-adapter/machine/managed-identity.ts'
import { maxMetadataBytes, metadataTimeoutMs } from '../../node-adapter/machine/metadata-call.ts'
import { maxProjectedBytes, projectedProblem, readProjectedFile } from '../../node-adapter/machine/projected-file.ts'
import { listen } from '../support/loopback.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const open: (() => Promise<void>)[] = []
let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'signalbox-machine-'))))
afterEach(async () => {
  await Promise.all(open.splice(0).map((end) => end()))
  rmSync(folder, { recursive: true, force: true })
})

async function serve(handler: Handler, host = '127.0.0.1'): Promise<string> {
  const { url, close } = await listen(createServer(handler), host)
  open.push(close)
  return url
}

const variables = (env: Readonly<Record<string, string>>) => (name: string) => env[name]

const roleKeys = {
  Code: 'Success',
  LastUpdated: '2027-01-01T00:00:00Z',
  Type: 'AWS-HMAC',
  AccessKeyId: 'ASIAFAKE',
  SecretAccessKey: 'role/secret',
  Token: 'role-session',
  Expiration: '2027-01-01T06:00:00Z',
}

async function shownKeys(env: Readonly<Record<string, string>>): Promise<object | string> {
  const read = await readInstanceProfile(variables(env))
  if (!read.ok) return `${read.error.code}: ${read.error.message}`
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = read.value
  return { id: accessKeyId, key: secretAccessKey.reveal(), session: sessionToken?.reveal() ?? null, expiresAt }
}

const expectedKeys = {
  id: 'ASIAFAKE',
  key: 'role/secret',
  session: 'role-session',
  expiresAt: Date.UTC(2027, 0, 1, 6),
}

interface Imds {
  readonly calls: string[]
  readonly handler: Handler
}

// Version 2: a session by PUT, then GETs that show its token. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
function imds(answers: { readonly role?: string; readonly keys?: string; readonly put?: number } = {}): Imds {
  const calls: string[] = []
  const handler: Handler = (request, response) => {
    calls.push(`${request.method} ${request.url}`)
    const end = (status: number, body = ''): void => void response.writeHead(status).end(body)
    if (request.headers['x-forwarded-for'] !== undefined) return end(403)
    if (request.url === '/latest/api/token') {
      const ttl = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds'])
      if (request.method !== 'PUT') return end(405)
      return ttl >= 1 && ttl <= 21_600 ? end(answers.put ?? 200, 'imds-session==') : end(400)
    }
    if (request.headers['x-aws-ec2-metadata-token'] !== 'imds-session==') return end(401)
    const role = answers.role ?? 'my-role'
    if (request.url === '/latest/meta-data/iam/security-credentials/') return end(role === '' ? 404 : 200, role)
    if (request.url === `/latest/meta-data/iam/security-credentials/${role}`)
      return end(200, answers.keys ?? JSON.stringify(roleKeys))
    return end(404)
  }
  return { calls, handler }
}

describe('an instance profile', () => {
  it('is read in a session, as version 2 has it', async () => {
    const service = imds()
    const url = await serve(service.handler)
    expect(await shownKeys({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url })).toEqual(expectedKeys)
    expect(service.calls).toEqual([
      'PUT /latest/api/token',
      'GET /latest/meta-data/iam/security-credentials/',
      'GET /latest/meta-data/iam/security-credentials/my-role',
    ])
  })

  it('is read over IPv6', async () => {
    const url = await serve(imds().handler, '::1').catch(() => undefined)
    if (url === undefined) return void console.warn('skipped: this machine has no IPv6 loopback')
    expect(await shownKeys({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url })).toEqual(expectedKeys)
  })

  it.each([
    ['no role is attached', { role: '' }, 'no instance profile: attach a role'],
    ['the service refuses sessions', { put: 403 }, 'gives no session token (status 403)'],
    ['the role is no name', { role: '../../user-data' }, 'names no role'],
    ['the role cannot be used', { keys: '{"Code":"AssumeRoleUnauthorizedAccess"}' }, 'reports a failed role'],
    ['the answer is a page', { keys: '<html>' }, 'not JSON'],
    ['the answer has no keys', { keys: '{}' }, 'without keys'],
    ['the answer does not end', { keys: 'x'.repeat(maxMetadataBytes + 1) }, 'gives no keys (status none)'],
  ])('is missing where %s, and version 1 is never asked', async (_name, answers, said) => {
    const service = imds(answers)
    const url = await serve(service.handler)
    expect(await shownKeys({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url })).toContain(said)
    expect(service.calls[0]).toBe('PUT /latest/api/token')
  })

  it('is given up after two seconds where nobody answers, as behind a hop limit of 1', async () => {
    const url = await serve(() => {})
    const began = performance.now()
    expect(await shownKeys({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url })).toContain('hop limit')
    expect(performance.now() - began).toBeLessThan(metadataTimeoutMs + 1500)
  })

  it.each([
    [{ AWS_EC2_METADATA_DISABLED: 'true' }, 'AWS_EC2_METADATA_DISABLED is set'],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'file:///etc/passwd' }, 'is no http address'],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'x' }, 'is no http address'],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' }, 'no instance metadata service answers'],
  ])('is missing with %o', async (env, said) => {
    expect(await shownKeys(env)).toContain(said)
  })
})

describe('the role of a container', () => {
  const { Code: _code, ...containerKeys } = roleKeys

  async function container(authorization?: string): Promise<string> {
    return serve((request, response) => {
      const good =
        request.method === 'GET' && request.url === '/v1/keys' && request.headers.authorization === authorization
      response.writeHead(good ? 200 : 401).end(good ? JSON.stringify(containerKeys) : '{"code":"denied"}')
    })
  }

  it('goes before the instance’s', async () => {
    const service = imds()
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${await container()}/v1/keys`,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: await serve(service.handler),
    }
    expect(await shownKeys(env)).toEqual(expectedKeys)
    expect(service.calls).toEqual([])
  })

  it('shows the token from its file, read each time, before the one from the variable', async () => {
    const file = join(folder, 'token')
    writeFileSync(file, 'from-file\n', { mode: 0o644 })
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${await container('from-file')}/v1/keys`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'from-variable',
    }
    expect(await shownKeys(env)).toEqual(expectedKeys)
    writeFileSync(file, 'another')
    expect(await shownKeys(env)).toContain('gives no keys (status 401)')
  })

  it('shows the token from the variable', async () => {
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${await container('from-variable')}/v1/keys`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'from-variable',
    }
    expect(await shownKeys(env)).toEqual(expectedKeys)
  })

  it.each([
    'http://192.0.2.1/v1/keys',
    'http://169.254.169.254/v1/keys',
    'http://example.test/v1/keys',
    'http://127.0.0.1.example.test/v1/keys',
    'http://user:pass@127.0.0.1/v1/keys',
    'ftp://127.0.0.1/v1/keys',
    'keys',
  ])('sends its token to no %s', async (uri) => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: 't' }
    expect(await shownKeys(env)).toContain('neither https nor an address of this machine')
  })

  it.each(['//evil.test/keys', 'keys', 'http://evil.test/'])('takes no path %s', async (path) => {
    const env = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path, AWS_CONTAINER_AUTHORIZATION_TOKEN: 't' }
    expect(await shownKeys(env)).toContain('neither https nor an address of this machine')
  })

  it('sends no token that holds a line break', async () => {
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${await container('t')}/v1/keys`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 't\r\nx: y',
    }
    expect(await shownKeys(env)).toContain('not one line')
  })
})

async function shownToken(env: Readonly<Record<string, string>>, clientId: string | null = null) {
  const read = await readManagedIdentity('https://cognitiveservices.azure.com', clientId, variables(env), () => 1000)
  if (!read.ok) return `${read.error.code}: ${read.error.message}`
  return { token: read.value.secret.reveal(), expiresAt: read.value.expiresAt }
}

describe('a managed identity', () => {
  // https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
  const azureImds =
    (body: unknown, status = 200): Handler =>
    (request, response) => {
      const url = new URL(request.url ?? '', 'http://x')
      const good =
        request.method === 'GET' &&
        url.pathname === '/metadata/identity/oauth2/token' &&
        request.headers['metadata'] === 'true' &&
        url.searchParams.get('api-version') === '2018-02-01' &&
        url.searchParams.get('resource') === 'https://cognitiveservices.azure.com' &&
        [null, 'mi-7'].includes(url.searchParams.get('client_id'))
      if (!good) return void response.writeHead(400).end('{"error":"invalid_request"}')
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
    }

  const answer = { access_token: 'eyJ.vm', expires_in: '86400', expires_on: '1790003600', token_type: 'Bearer' }

  it.each([[null], ['mi-7']])('comes from the instance metadata service, for the client id %s', async (clientId) => {
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: await serve(azureImds(answer)) }
    expect(await shownToken(env, clientId)).toEqual({ token: 'eyJ.vm', expiresAt: 1_790_003_600_000 })
  })

  // https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
  it('comes from App Service’s endpoint where there is one, which wants its own header', async () => {
    const url = await serve((request, response) => {
      const query = new URL(request.url ?? '', 'http://x').searchParams
      const good =
        request.headers['x-identity-header'] === 'header-secret' &&
        request.headers['metadata'] === undefined &&
        query.get('api-version') === '2019-08-01' &&
        query.get('resource') === 'https://cognitiveservices.azure.com' &&
        query.get('client_id') === 'mi-7'
      response.writeHead(good ? 200 : 400).end(good ? JSON.stringify({ ...answer, access_token: 'eyJ.app' }) : '{}')
    })
    const env = { IDENTITY_ENDPOINT: `${url}/msi/token/`, IDENTITY_HEADER: 'header-secret' }
    expect(await shownToken(env, 'mi-7')).toEqual({ token: 'eyJ.app', expiresAt: 1_790_003_600_000 })
  })

  it.each([
    ['a number', { expires_on: 1790003600 }, 1_790_003_600_000],
    ['a date', { expires_on: '2027-01-01T00:00:00+00:00' }, Date.UTC(2027, 0, 1)],
    ['seconds from now', { expires_on: undefined, expires_in: '60' }, 61_000],
    ['nothing', { expires_on: undefined, expires_in: undefined }, null],
  ])('has its end from %s', async (_name, more, expiresAt) => {
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: await serve(azureImds({ ...answer, ...more })) }
    expect(await shownToken(env)).toEqual({ token: 'eyJ.vm', expiresAt })
  })

  it.each([
    [
      'there is no identity',
      { error: 'invalid_request', error_description: 'Identity not found' },
      400,
      '(invalid_request)',
    ],
    ['it is a page', '<html>', 200, 'not JSON'],
    ['it has no token', {}, 200, 'gave no token'],
    ['the token would break a header', { access_token: 'a\r\nb' }, 200, 'gave no token'],
    ['it fails', 'oops', 500, '(status 500)'],
  ])('is missing where %s', async (_name, body, status, said) => {
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: await serve(azureImds(body, status)) }
    expect(await shownToken(env)).toContain(said)
  })

  it.each(['http://example.test/msi', 'http://192.0.2.1/msi', 'x'])('sends its header to no %s', async (endpoint) => {
    expect(await shownToken({ IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: 's' })).toContain(
      'is no address of this machine',
    )
  })

  it('is missing where nobody answers', async () => {
    expect(await shownToken({ AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:1' })).toContain(
      'no machine of Azure',
    )
  })
})

describe('a file that the platform laid out', () => {
  it('is read through the links of a Kubernetes volume, readable by all as it is there', async () => {
    const data = join(folder, '..2027_01_01_00_00_00.1')
    mkdirSync(data)
    writeFileSync(join(data, 'token'), 'first', { mode: 0o644 })
    symlinkSync('..2027_01_01_00_00_00.1', join(folder, '..data'))
    symlinkSync(join('..data', 'token'), join(folder, 'token'))
    // The folder of such a volume is open to all, with the sticky bit.
    chmodSync(folder, 0o1777)
    expect(await readProjectedFile(join(folder, 'token'))).toEqual({ ok: true, value: 'first' })
  })

  it.each(['0400', '0440', '0444', '0600', '0640', '0644'])('is read with mode %s', async (mode) => {
    const file = join(folder, 'token')
    writeFileSync(file, 'x')
    chmodSync(file, Number.parseInt(mode, 8))
    expect(await readProjectedFile(file)).toEqual({ ok: true, value: 'x' })
  })

  it.each(['0620', '0660', '0602', '0666', '0777'])('is refused with mode %s, as others may write it', async (mode) => {
    const file = join(folder, 'token')
    writeFileSync(file, 'x')
    chmodSync(file, Number.parseInt(mode, 8))
    const read = await readProjectedFile(file)
    expect(!read.ok && read.error.message).toContain('may be written by others')
  })

  it('is refused where it is none, too large, or somebody else’s', async () => {
    const file = join(folder, 'token')
    const problem = async (path: string) => {
      const read = await readProjectedFile(path)
      return read.ok ? 'read' : read.error.message
    }
    expect(await problem(join(folder, 'none'))).toContain('there is no file')
    expect(await problem(folder)).toContain('is not a regular file')
    writeFileSync(file, '', { mode: 0o600 })
    truncateSync(file, maxProjectedBytes + 1)
    expect(await problem(file)).toContain('is larger than')
    expect(projectedProblem({ isFile: () => true, size: 1, uid: 4242, mode: 0o100644 })).toContain(
      'belongs to user 4242',
    )
    expect(projectedProblem({ isFile: () => true, size: 1, uid: 0, mode: 0o100644 })).toBeUndefined()
  })
})
