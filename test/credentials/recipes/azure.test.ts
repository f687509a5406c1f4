// Azure: what is taken in which order, and Microsoft's token endpoint as a stand-in that checks what it receives.
import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AzureAccess } from '../../../src/catalog/snapshot.ts'
import { makeAzure } from '../../../src/credentials/recipes/azure.ts'
import type { Made } from '../../../src/credentials/recipe.ts'
import { ok, type Outcome } from '../../../src/ir/error.ts'
import { Secret } from '../../../src/ir/secret.ts'
import type { FetchRequest } from '../../../src/ports/index.ts'
import { createVirtualClock } from '../../support/virtual-clock.ts'
import { createBench, type BenchOptions } from './making.ts'
import { listen, type Listening } from '../../support/loopback.ts'
import { receive } from './token-server.ts'

const scope = 'https://cognitiveservices.azure.com/.default'
const tenant = '7f1c0e2a-0000-4000-8000-000000000001'
const clock = createVirtualClock()
const seen: string[] = []
let endpoint: Listening
let authority = ''

// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
const server = createServer((request, response) => {
  void receive(request).then((text) => {
    seen.push(request.url ?? '')
    const form = Object.fromEntries(new URLSearchParams(text))
    const problem =
      request.method !== 'POST' || request.url !== `/${tenant}/oauth2/v2.0/token`
        ? 'invalid_request'
        : form['grant_type'] !== 'client_credentials'
          ? 'unsupported_grant_type'
          : form['scope'] !== scope
            ? 'invalid_scope'
            : form['client_id'] !== 'app-1' || form['client_secret'] !== 'S~ecret+1'
              ? 'invalid_client'
              : undefined
    if (problem !== undefined)
      return void response
        .writeHead(problem === 'invalid_client' ? 401 : 400)
        .end(JSON.stringify({ error: problem, error_description: `AADSTS7000215 ${text}` }))
    response.end('{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"eyJ.app"}')
  })
})

beforeAll(async () => {
  endpoint = await listen(server)
  authority = endpoint.url
})
afterAll(() => endpoint.close())
beforeEach(() => void (seen.length = 0))

const asked: unknown[] = []
const machine = {
  azureManagedIdentity: (resource: string, clientId: string | null) => {
    asked.push([resource, clientId])
    return Promise.resolve(ok({ secret: new Secret('mi', 'eyJ.machine'), expiresAt: null }))
  },
}

function makeFrom(access: AzureAccess, options: BenchOptions = {}): Promise<Outcome<Made>> {
  const env = { AZURE_AUTHORITY_HOST: `${authority}/`, ...options.env }
  return makeAzure({ type: 'azure', access, scope }, createBench({ clock, machine, ...options, env }).making())
}

function shown(made: Outcome<Made>): object | string {
  if (!made.ok) return `${made.error.code}: ${made.error.message}`
  const { material, expiresAt } = made.value
  if (material.kind !== 'token') return 'no token'
  return { secret: material.secret.reveal(), scheme: material.scheme?.kind ?? 'of the provider', expiresAt }
}

const appEnv = { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: 'app-1', AZURE_CLIENT_SECRET: 'S~ecret+1' }
const appToken = () => ({ secret: 'eyJ.app', scheme: 'bearer', expiresAt: clock.now() + 3_599_000 })
const machineToken = () => ({ secret: 'eyJ.machine', scheme: 'bearer', expiresAt: clock.now() + 3_600_000 })
const key = { secret: 'azkey', scheme: 'of the provider', expiresAt: null }

describe('Azure', () => {
  it.each([
    ['the key before everything', { ...appEnv, AZURE_OPENAI_API_KEY: 'azkey' }, () => key],
    ['an application’s secret next', appEnv, appToken],
    ['the machine’s identity where nothing is set', {}, machineToken],
    ['the machine’s identity where the secret is not set', { ...appEnv, AZURE_CLIENT_SECRET: '' }, machineToken],
  ])('takes from the environment %s', async (_name, env, expected) => {
    expect(shown(await makeFrom({ by: 'environment' }, { env }))).toEqual(expected())
  })

  it('asks the machine for the resource behind the scope, as the identity that is named', async () => {
    asked.length = 0
    await makeFrom({ by: 'managed_identity', clientId: 'mi-7' })
    await makeFrom({ by: 'environment' }, { env: { AZURE_CLIENT_ID: 'mi-8' } })
    expect(asked).toEqual([
      ['https://cognitiveservices.azure.com', 'mi-7'],
      ['https://cognitiveservices.azure.com', 'mi-8'],
    ])
  })

  it('sends a key as the provider’s scheme says', async () => {
    const access: AzureAccess = { by: 'key', secret: { source: 'env', env: 'K' } }
    expect(shown(await makeFrom(access, { env: { K: 'azkey' } }))).toEqual(key)
  })

  it('says that a client secret may have run out, and repeats nothing of the answer', async () => {
    const said = shown(await makeFrom({ by: 'environment' }, { env: { ...appEnv, AZURE_CLIENT_SECRET: 'S~old' } }))
    expect(said).toContain(
      '(invalid_client): check the tenant, the client id, and whether the client secret has run out',
    )
    expect(said).not.toContain('S~old')
  })

  it('takes no tenant that is none into an address', async () => {
    const said = shown(await makeFrom({ by: 'environment' }, { env: { ...appEnv, AZURE_TENANT_ID: '../x?' } }))
    expect(said).toContain('the tenant is no id and no domain name')
    expect(seen).toEqual([])
  })

  it('says what could be set where the runtime has no machine', async () => {
    const { making } = createBench({ clock })
    const made = await makeAzure({ type: 'azure', access: { by: 'environment' }, scope }, making())
    expect(shown(made)).toContain('set AZURE_OPENAI_API_KEY, or AZURE_TENANT_ID')
  })

  it('goes to Microsoft’s own login unless told otherwise', async () => {
    const sent: FetchRequest[] = []
    const fetch = (request: FetchRequest) => {
      sent.push(request)
      return Promise.reject(new Error('not from a test'))
    }
    const env = { ...appEnv, AZURE_AUTHORITY_HOST: '' }
    expect(shown(await makeFrom({ by: 'environment' }, { env, fetch }))).toContain('upstream_unreachable')
    expect(sent.map((request) => request.url)).toEqual([
      `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
    ])
  })
})
