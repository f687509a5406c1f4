// Providers: what the file says, filled up from the preset of the type.
import { screenUrl } from '../policy/url-screen.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import type { Traits } from '../ir/traits.ts'
import { capabilitiesOf } from './compile-capabilities.ts'
import { checkUnique } from './compile-access.ts'
import { wellKnownRecipe } from './compile-credentials.ts'
import { checkHeaders } from './compile-server.ts'
import { credentialHeaderProblem } from './header-rules.ts'
import { didYouMean } from './hints.ts'
import { dialectOf, presetOf, type Preset } from './presets.ts'
import type { Path, Report } from './problem.ts'
import {
  checkAllowPrivate,
  checkSettings,
  checkTargetRegions,
  credentialMisfit,
  ownWays,
  servedFormats,
} from './provider-settings.ts'
import type { Config, ProviderConfig } from './schema.ts'
import type { Account, AuthScheme, CredentialRecord, EgressSettings, Lane, ProviderRecord } from './snapshot.ts'

/** The account of a provider that configures none. */
export const implicitAccount = 'default'

interface Context {
  readonly id: string
  readonly provider: ProviderConfig
  readonly preset: Preset
  readonly path: Path
  readonly credentials: ReadonlyMap<string, CredentialRecord>
  /** Every credential of the file, those that are not available included. */
  readonly credentialIds: readonly string[]
  readonly egress: EgressSettings
  readonly report: Report
}

/** Checks and compiles the providers by id. Types that are not available are left out: they are reported elsewhere. */
export function compileProviders(
  config: Config,
  credentials: ReadonlyMap<string, CredentialRecord>,
  egress: EgressSettings,
  report: Report,
): Map<string, ProviderRecord> {
  const records = new Map<string, ProviderRecord>()
  for (const [id, provider] of Object.entries(config.providers)) {
    const preset = presetOf(provider.type)
    if (preset === undefined) continue
    const credentialIds = Object.keys(config.credentials)
    const path = ['providers', id]
    const context = { id, provider, preset, path, credentials, credentialIds, egress, report }
    records.set(id, compileProvider(context))
  }
  checkTargetRegions(config, report)
  return records
}

function compileProvider(context: Context): ProviderRecord {
  const { id, provider, preset, path, report } = context
  const local = preset.local === true
  const allowPrivate = provider.allow_private ?? local
  const allowHttp = provider.allow_http ?? local
  const authScheme = authSchemeOf(context)
  checkAllowPrivate(allowPrivate, [...path, 'allow_private'], report)
  checkSettings(context)
  checkHeaders(provider.headers, [...path, 'headers'], report)
  for (const name of Object.keys(provider.headers))
    if (authScheme.kind === 'header' && name.toLowerCase() === authScheme.name.toLowerCase())
      report.problem([...path, 'headers', name], 'carries the key of the account', 'remove it here')
  return {
    id,
    type: provider.type,
    baseUrl: baseUrlOf(context, { allowPrivate, allowHttp }),
    dialects: dialectsOf(context),
    authScheme,
    accounts: accountsOf(context, authScheme),
    selection: provider.selection,
    sticky: provider.sticky,
    headers: provider.headers,
    allowPrivate,
    allowHttp,
    egress: egressOf(provider.egress, [...path, 'egress'], context),
    region: provider.region,
    project: provider.project,
    apiVersion: provider.api_version,
    deployment: provider.deployment,
    ...ownWays(context),
    discovery: preset.discovery ?? null,
    traits: traitsOf(provider, preset),
    ...laneOf(provider.lane ?? preset.lane),
    capabilities: { ...preset.capabilities, ...capabilitiesOf(provider.capabilities) },
  }
}

function laneOf(lane: Lane | undefined): Pick<ProviderRecord, 'lane'> {
  return lane === undefined ? {} : { lane }
}

/** What the file says goes before the preset; quirks are mended unless that is switched off. */
function traitsOf(provider: ProviderConfig, { traits }: Preset): Traits {
  const { max_tokens_field: maxTokensField = traits.maxTokensField, quirks = traits.quirks ?? [], normalize } = provider
  const { betas = traits.betas } = provider
  return {
    ...traits,
    ...(maxTokensField !== undefined && { maxTokensField }),
    ...(betas !== undefined && { betas }),
    quirks: normalize === false ? [] : quirks,
  }
}

function egressOf(id: string | null, path: Path, { egress, report }: Context): string | null {
  if (id !== null && !egress.proxies.has(id))
    report.problem(path, `no egress ${JSON.stringify(id)}`, didYouMean(id, [...egress.proxies.keys()]))
  return id
}

function baseUrlOf(
  context: Context,
  options: { allowPrivate: boolean | readonly string[]; allowHttp: boolean },
): string | null {
  const { provider, preset, report } = context
  const path = [...context.path, 'base_url']
  if (preset.baseUrl === null) {
    if (provider.base_url !== undefined) report.problem(path, `a provider of type "${provider.type}" has no address`)
    return null
  }
  const text = provider.base_url ?? preset.baseUrl
  if (text === undefined) {
    const { baseUrlExample: example } = preset
    const what = example === undefined ? 'has no address of its own' : `is at an address such as ${example}`
    report.problem(path, 'required', `type "${provider.type}" ${what}`)
    return null
  }
  // The URL parser would quietly drop or turn these.
  if (/[\s\\]|[^\x20-\x7e]/.test(text) || !URL.canParse(text.replaceAll('{region}', 'region'))) {
    report.problem(path, 'not a URL')
    return null
  }
  // The region is a part of the name, and of none of its own.
  const url = new URL(text.replaceAll('{region}', 'region'))
  const reason = screenUrl(url, options)
  if (reason !== undefined) report.problem(path, reason)
  return text.includes('{region}') ? text.replace(/\/+$/, '') : url.href.replace(/\/+$/, '')
}

function dialectsOf(context: Context): DialectId[] {
  const { provider, preset, report } = context
  const formats = provider.api_formats ?? servedFormats(provider, preset)
  const dialects = [...new Set(formats.map((format) => dialectOf[format]).filter((dialect) => dialect !== undefined))]
  if (dialects.length === 0)
    report.problem(
      [...context.path, 'api_formats'],
      `none of ${formats.join(', ')} is available in this version`,
      `available: ${Object.keys(dialectOf).join(', ')}`,
    )
  return dialects
}

function authSchemeOf(context: Context): AuthScheme {
  const { provider, preset, report } = context
  const scheme = provider.auth_scheme
  const path = [...context.path, 'auth_scheme']
  if (scheme === undefined) {
    const keyed = provider.api_key !== undefined || provider.accounts.some((account) => account.credential !== null)
    return keyed ? (preset.authWithKey ?? preset.authScheme) : preset.authScheme
  }
  if (scheme.kind === 'sigv4') return { kind: 'sigv4', service: scheme.name ?? 'bedrock' }
  if (scheme.kind === 'none' || scheme.kind === 'bearer') {
    if (scheme.name !== undefined) report.problem([...path, 'name'], `kind "${scheme.kind}" takes no name`)
    return { kind: scheme.kind }
  }
  const { kind, name } = scheme
  if (name === undefined) report.problem([...path, 'name'], 'required', `the name of the ${kind} that carries the key`)
  else if (kind === 'header') {
    const problem = credentialHeaderProblem(name)
    if (problem !== undefined) report.problem([...path, 'name'], problem)
  } else if (!/^[\w.-]+$/.test(name)) report.problem([...path, 'name'], 'not a plain query parameter name')
  return { kind, name: name ?? '' }
}

function accountsOf(context: Context, authScheme: AuthScheme): Account[] {
  const { provider, preset, path, report } = context
  const { accounts } = provider
  checkUnique(accounts, (account) => account.id, 'id', [...path, 'accounts'], report)
  if (provider.api_key !== undefined) return inlineAccount(context, provider.api_key)
  if (accounts.length > 0) return accounts.map((_, index) => accountOf(context, index, authScheme))
  if (authScheme.kind === 'none') return [{ id: implicitAccount, credential: null, priority: 0, egress: null }]
  if (preset.credentialType !== undefined) return [ownAccount(context, wellKnownRecipe(preset.credentialType))]
  if (preset.keyEnv !== undefined)
    return [ownAccount(context, { type: 'api_key', secret: { source: 'env', env: preset.keyEnv } })]
  report.problem(path, 'has no credential', 'add "accounts", or "auth_scheme": { "kind": "none" }')
  return []
}

function inlineAccount(context: Context, value: string): Account[] {
  const { provider, path, report } = context
  if (provider.accounts.length > 0)
    report.problem([...path, 'api_key'], 'stands beside "accounts"', 'keep one of the two')
  report.warning([...path, 'api_key'], 'a key in the file', 'name an environment variable in "credentials" instead')
  return [ownAccount(context, { type: 'api_key', secret: { source: 'inline', reveal: () => value } })]
}

/** The account of a provider that names none, with a credential that is not in the file. */
function ownAccount({ id }: Context, recipe: CredentialRecord['recipe']): Account {
  const credential = { id: `provider:${id}`, recipe, cacheTtlMs: 3_600_000, rotationMs: null }
  return { id: implicitAccount, credential, priority: 0, egress: null }
}

function accountOf(context: Context, index: number, authScheme: AuthScheme): Account {
  const account = context.provider.accounts[index]
  if (account === undefined) throw new Error('no such account')
  const { id, credential, priority } = account
  const path = [...context.path, 'accounts', index, 'credential']
  const egress = egressOf(account.egress, [...context.path, 'accounts', index, 'egress'], context)
  if (credential === null) {
    if (authScheme.kind !== 'none') context.report.problem(path, 'required', 'the name of an entry in "credentials"')
    return { id, credential: null, priority, egress }
  }
  if (authScheme.kind === 'none') context.report.warning(path, 'is not sent', 'because auth_scheme is "none"')
  if (!context.credentialIds.includes(credential))
    context.report.problem(
      path,
      `no credential ${JSON.stringify(credential)}`,
      didYouMean(credential, context.credentialIds),
    )
  const record = context.credentials.get(credential) ?? null
  const misfit = record === null ? undefined : credentialMisfit(record.recipe, authScheme)
  if (misfit !== undefined) context.report.problem(path, misfit)
  return { id, credential: record, priority, egress }
}
