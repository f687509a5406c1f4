// Azure: a key of the resource, an application's secret, or the identity of the machine.
import type { AzureAccess, SecretSource } from '../../catalog/snapshot.ts'
import { assertNever } from '../../ir/assert-never.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { Made, Maker, Making } from '../recipe.ts'
import { askForToken, bearer, defaultLifetimeS, madeOfGrant } from './grant.ts'

/** Microsoft's login; `AZURE_AUTHORITY_HOST` names that of another cloud, as in its own libraries. */
export const azureAuthority = 'https://login.microsoftonline.com'

const who = "Azure's token endpoint"

/** The variables that Azure's own libraries read. https://learn.microsoft.com/azure/ai-services/authentication */
const variables = {
  key: 'AZURE_OPENAI_API_KEY',
  tenant: 'AZURE_TENANT_ID',
  client: 'AZURE_CLIENT_ID',
  secret: 'AZURE_CLIENT_SECRET',
} as const

/** Makes what Azure wants: a key travels as the provider's scheme says, a token as bearer. */
export const makeAzure: Maker<'azure'> = (recipe, making) => grantAccess(recipe.access, recipe.scope, making)

async function grantAccess(access: AzureAccess, scope: string, making: Making): Promise<Outcome<Made>> {
  switch (access.by) {
    case 'environment':
      return grantAccess(fromEnvironment(making), scope, making)
    case 'key':
      return resourceKey(access.secret, making)
    case 'client_credentials':
      return applicationToken(access, scope, making)
    case 'managed_identity':
      return machineToken(access.clientId, scope, making)
    default:
      return assertNever(access)
  }
}

function fromEnvironment({ ports }: Making): Exclude<AzureAccess, { readonly by: 'environment' }> {
  const value = (name: string): string => ports.secrets.get(name)?.trim() ?? ''
  if (value(variables.key) !== '') return { by: 'key', secret: { source: 'env', env: variables.key } }
  const tenantId = value(variables.tenant)
  const clientId = value(variables.client)
  if (tenantId !== '' && clientId !== '' && value(variables.secret) !== '')
    return { by: 'client_credentials', tenantId, clientId, clientSecret: { source: 'env', env: variables.secret } }
  return { by: 'managed_identity', clientId: clientId === '' ? null : clientId }
}

async function resourceKey(source: SecretSource, making: Making): Promise<Outcome<Made>> {
  const secret = await making.read(source)
  if (!secret.ok) return secret
  const renewable = source.source !== 'env' && source.source !== 'inline'
  return ok({ material: { kind: 'token', secret: secret.value }, expiresAt: null, renewable })
}

type ClientCredentials = Extract<AzureAccess, { readonly by: 'client_credentials' }>

// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
async function applicationToken(access: ClientCredentials, scope: string, making: Making): Promise<Outcome<Made>> {
  const { tenantId, clientId } = access
  if (!/^[\w.-]{1,253}$/.test(tenantId))
    return failed('missing_credential', { message: `credential ${making.id}: the tenant is no id and no domain name` })
  const secret = await making.read(access.clientSecret)
  if (!secret.ok) return secret
  const authority = (making.ports.secrets.get('AZURE_AUTHORITY_HOST')?.trim() || azureAuthority).replace(/\/+$/, '')
  const result = await askForToken(making, {
    url: `${authority}/${tenantId}/oauth2/v2.0/token`,
    who,
    form: {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret.value.reveal(),
      scope,
    },
  })
  return madeOfGrant(result, making, {
    who,
    remedy: 'check the tenant, the client id, and whether the client secret has run out',
  })
}

async function machineToken(clientId: string | null, scope: string, making: Making): Promise<Outcome<Made>> {
  const { machine, clock } = making.ports
  if (machine === undefined)
    return failed('missing_credential', {
      message: `credential ${making.id}: set ${variables.key}, or ${variables.tenant}, ${variables.client} and ${variables.secret}; this runtime has no managed identity`,
    })
  // An identity is asked for a resource, which a scope names with "/.default" behind it.
  const read = await machine.azureManagedIdentity(scope.replace(/\/\.default$/, ''), clientId)
  if (!read.ok) return read
  const { secret, expiresAt } = read.value
  return ok(bearer(secret, expiresAt ?? clock.now() + defaultLifetimeS * 1000))
}
