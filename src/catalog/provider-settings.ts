// What only some types of provider know (a region, a project, a deployment): whether it is there, whether it is one, and
// what it changes.
import { allowPrivateProblem } from '../policy/url-screen.ts'
import { dialectOf, presetOf, type ApiFormat, type Preset, type ProviderSetting } from './presets.ts'
import type { Path, Report } from './problem.ts'
import type { Config, ProviderConfig } from './schema.ts'
import type { AuthScheme, CredentialRecipe, CredentialRecord, ProviderRecord } from './snapshot.ts'

export interface SettingsContext {
  readonly provider: ProviderConfig
  readonly preset: Preset
  readonly path: Path
  readonly credentials: ReadonlyMap<string, CredentialRecord>
  readonly report: Report
}

interface Rule {
  readonly what: string
  readonly pattern: RegExp
  readonly expected: string
}

/** The settings that stand in an address, so that nothing else may hide in them. */
const rules: Readonly<Partial<Record<ProviderSetting, Rule>>> = {
  region: {
    what: 'the region, such as "us-east-1"',
    pattern: /^[a-z0-9-]{1,63}$/,
    expected: 'not a region, such as "us-east-1" or "global"',
  },
  project: {
    what: 'the id of a Google project',
    pattern: /^[A-Za-z0-9][\w.:-]{2,62}$/,
    expected: 'not the id of a Google project',
  },
  // https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle
  api_version: {
    what: 'the version of the API',
    pattern: /^(?:\d{4}-\d{2}-\d{2}(?:-preview)?|v1|preview|latest)$/,
    expected: 'not a version: a date such as "2024-10-21" or "2025-04-01-preview", or "v1" or "preview"',
  },
  deployment: {
    what: 'the name of a deployment',
    pattern: /^[A-Za-z0-9][\w.-]{0,63}$/,
    expected: 'not the name of a deployment',
  },
}

/** Dated versions before this one know no Responses. */
const firstResponses = '2025-03-01'

/** Reports settings that are absent, malformed, or of no effect for the type. */
export function checkSettings(context: SettingsContext): void {
  const { provider, preset, path, report } = context
  const { needs = [], takes = [] } = preset
  const isRegional = (provider.base_url ?? preset.baseUrl)?.includes('{region}') === true
  for (const [name, rule] of Object.entries(rules) as [keyof typeof rules & ProviderSetting, Rule][]) {
    const value = provider[name]
    const known = name === 'region' ? takesRegion(provider, preset) : needs.includes(name) || takes.includes(name)
    if (typeof value !== 'string') {
      if (known && isNeeded(name, context, isRegional)) report.problem([...path, name], 'required', rule.what)
    } else if (!known)
      report.warning([...path, name], 'has no effect', `a provider of type "${provider.type}" has none`)
    else if (!rule.pattern.test(value)) report.problem([...path, name], rule.expected)
  }
  if (provider.inference_profile !== 'auto' && !takes.includes('inference_profile'))
    report.warning([...path, 'inference_profile'], 'has no effect', 'only Bedrock has inference profiles')
  checkAddress(context)
  checkQuirks(context)
}

/** Reports the regions of targets that are none, that are said twice, or that nobody reads. */
export function checkTargetRegions(config: Config, report: Report): void {
  for (const [name, route] of Object.entries(config.routes))
    for (const [index, target] of route.targets.entries()) {
      const path = ['routes', name, 'targets', index]
      if (target.region !== null && target.regions !== undefined)
        report.problem([...path, 'regions'], 'stands beside "region"', 'keep one of the two')
      else if (target.region !== null) checkRegion(target.region, target.provider, [...path, 'region'], config, report)
      for (const [place, region] of (target.regions ?? []).entries()) {
        const at = [...path, 'regions', place]
        if (target.regions?.indexOf(region) !== place) report.problem(at, `${JSON.stringify(region)} is listed twice`)
        else checkRegion(region, target.provider, at, config, report)
      }
    }
}

function checkRegion(region: string, id: string, path: Path, config: Config, report: Report): void {
  const provider = Object.hasOwn(config.providers, id) ? config.providers[id] : undefined
  const preset = provider && presetOf(provider.type)
  if (provider === undefined || preset === undefined) return
  if (rules.region?.pattern.test(region) === false) report.problem(path, rules.region.expected)
  else if (!takesRegion(provider, preset))
    report.warning(path, 'has no effect', `provider ${JSON.stringify(id)} has one address for all regions`)
}

function takesRegion(provider: ProviderConfig, preset: Preset): boolean {
  const { needs = [], takes = [] } = preset
  const isRegional = (provider.base_url ?? preset.baseUrl)?.includes('{region}') === true
  return needs.includes('region') || takes.includes('region') || isRegional
}

/** A region may come with the request: AWS's credentials bring their own. */
function isNeeded(name: ProviderSetting, context: SettingsContext, isRegional: boolean): boolean {
  const { provider, preset, credentials } = context
  if (name !== 'region') return preset.needs?.includes(name) === true
  if (!isRegional || preset.discovery === 'vertex') return false
  const { accounts, api_key: key } = provider
  if (key !== undefined) return true
  if (accounts.length === 0) return preset.credentialType !== 'aws'
  return accounts.some(({ credential }) => credential !== null && credentials.get(credential)?.recipe.type !== 'aws')
}

function checkAddress({ provider, preset, path, report }: SettingsContext): void {
  if (preset.discovery === 'azure' && provider.base_url !== undefined && /\/deployments\//.test(provider.base_url))
    report.problem(
      [...path, 'base_url'],
      'holds a deployment',
      'keep the address of the resource, and write the name to "deployment"',
    )
}

function checkQuirks({ provider, preset, path, report }: SettingsContext): void {
  const formats = provider.api_formats ?? preset.apiFormats
  if (provider.quirks !== undefined && provider.quirks.length > 0 && !formats.includes('openai_chat'))
    report.warning([...path, 'quirks'], 'has no effect', 'only answers of "openai_chat" are mended')
}

/** The formats of a type, without those that its version of the API does not have. */
export function servedFormats(provider: ProviderConfig, preset: Preset): readonly ApiFormat[] {
  const version = provider.api_version
  const isOld = preset.discovery === 'azure' && version !== null && /^\d/.test(version) && version < firstResponses
  return isOld ? preset.apiFormats.filter((format) => format !== 'openai_responses') : preset.apiFormats
}

/** What of the record only some providers have. */
export function ownWays({ provider, preset }: SettingsContext): Partial<ProviderRecord> {
  const { inference_profile: profile, model_id_format: format } = provider
  const { formatsByModel } = preset
  return {
    ...(formatsByModel !== undefined && {
      dialectsByModel: formatsByModel.map(({ prefix, formats }) => ({
        prefix,
        dialects: formats.map((one) => dialectOf[one]),
      })),
    }),
    ...(profile !== 'auto' && { inferenceProfile: profile }),
    ...(format === 'creator/model' && { modelIdFormat: format }),
  }
}

/** Reports entries of `allow_private` that are no blocks, or that nothing opens. */
export function checkAllowPrivate(allowed: boolean | readonly string[], path: Path, report: Report): void {
  if (typeof allowed === 'boolean') return
  for (const [index, block] of allowed.entries()) {
    const problem = allowPrivateProblem(block)
    if (problem !== undefined) report.problem([...path, index], problem)
  }
}

/** Why a credential cannot serve an account of a provider with this scheme; undefined where it can. */
export function credentialMisfit(recipe: CredentialRecipe, scheme: AuthScheme): string | undefined {
  if (scheme.kind === 'none') return undefined
  if (recipe.type === 'aws')
    return scheme.kind === 'sigv4' ? undefined : `AWS keys sign, and cannot be sent with the scheme "${scheme.kind}"`
  // A service that signs takes keys of its own as bearer, and nobody else's tokens.
  return scheme.kind === 'sigv4' && recipe.type !== 'api_key'
    ? `a credential of type "${recipe.type}" is not one of AWS`
    : undefined
}
