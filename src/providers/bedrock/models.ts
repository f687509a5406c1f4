// The ids that models have on Amazon Bedrock, by the names of Anthropic's own API or by the middle of the id, and the
// inference profiles that serve them. A profile stands here where a table or a list of AWS's shows it.
// https://platform.claude.com/docs/en/build-with-claude/claude-on-amazon-bedrock-legacy
// https://platform.claude.com/docs/en/about-claude/models/model-ids-and-versions
// https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-cards.html

/** The parts of the world that a profile spreads requests over, as they stand before a model's id. */
export const profiles = ['global', 'us', 'us-gov', 'eu', 'apac', 'jp', 'au', 'ca'] as const

export type Profile = (typeof profiles)[number]

interface KnownModel {
  /** What its maker calls it, most exact first. */
  readonly names: readonly string[]
  readonly id: string
  /** The profiles it has; a model that has some is mostly not to be had without one. */
  readonly profiles: readonly Profile[]
}

const known: readonly KnownModel[] = [
  row(['claude-sonnet-5-5'], 'claude-sonnet-5-5', ['global', 'us', 'us-gov', 'eu', 'jp']),
  row(['claude-opus-5-5'], 'claude-opus-5-5', ['global', 'us', 'eu', 'jp', 'au']),
  // Whether Japan has these two is told both ways; all the world has them.
  row(['claude-sonnet-5'], 'claude-sonnet-5', ['global', 'us', 'us-gov', 'eu', 'au']),
  row(['claude-opus-5'], 'claude-opus-5', ['global', 'us', 'us-gov', 'eu', 'au']),
  row(['claude-opus-4-8'], 'claude-opus-4-8', ['global', 'us', 'eu', 'jp', 'au']),
  row(['claude-opus-4-7'], 'claude-opus-4-7', ['global', 'us', 'eu', 'jp', 'au']),
  row(['claude-opus-4-6'], 'claude-opus-4-6-v1', ['global', 'us', 'eu', 'jp', 'apac', 'au']),
  row(['claude-sonnet-4-6'], 'claude-sonnet-4-6', ['global', 'us', 'eu', 'jp', 'au']),
  row(['claude-opus-4-5-20251101', 'claude-opus-4-5'], 'claude-opus-4-5-20251101-v1:0', ['global', 'us', 'eu']),
  row(['claude-haiku-4-5-20251001', 'claude-haiku-4-5'], 'claude-haiku-4-5-20251001-v1:0', [
    'global',
    'us',
    'eu',
    'jp',
    'au',
  ]),
  row(['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'], 'claude-sonnet-4-5-20250929-v1:0', [
    'global',
    'us',
    'us-gov',
    'eu',
    'jp',
    'au',
  ]),
  row(['claude-opus-4-1-20250805', 'claude-opus-4-1'], 'claude-opus-4-1-20250805-v1:0', ['us']),
  row(['claude-opus-4-20250514', 'claude-opus-4-0', 'claude-opus-4'], 'claude-opus-4-20250514-v1:0', ['us']),
  row(['claude-sonnet-4-20250514', 'claude-sonnet-4-0', 'claude-sonnet-4'], 'claude-sonnet-4-20250514-v1:0', [
    'global',
    'us',
    'eu',
    'apac',
  ]),
  row(['claude-3-7-sonnet-20250219', 'claude-3-7-sonnet-latest'], 'claude-3-7-sonnet-20250219-v1:0', [
    'us',
    'us-gov',
    'eu',
    'apac',
  ]),
  row(['claude-3-5-haiku-20241022', 'claude-3-5-haiku-latest'], 'claude-3-5-haiku-20241022-v1:0', ['us']),
  // Served on demand in many regions: their profiles are a choice, not a need.
  row(['claude-3-5-sonnet-20241022', 'claude-3-5-sonnet-latest'], 'claude-3-5-sonnet-20241022-v2:0', []),
  row(['claude-3-5-sonnet-20240620'], 'claude-3-5-sonnet-20240620-v1:0', []),
  row(['claude-3-opus-20240229', 'claude-3-opus-latest'], 'claude-3-opus-20240229-v1:0', []),
  row(['claude-3-sonnet-20240229'], 'claude-3-sonnet-20240229-v1:0', []),
  row(['claude-3-haiku-20240307'], 'claude-3-haiku-20240307-v1:0', []),
  row(['claude-2.1'], 'claude-v2:1', []),
  row(['claude-2.0'], 'claude-v2', []),
  row(['claude-instant-1.2'], 'claude-instant-v1', []),
  of('amazon', 'nova-micro', 'v1:0', ['us', 'eu', 'apac']),
  of('amazon', 'nova-lite', 'v1:0', ['us', 'eu', 'apac']),
  of('amazon', 'nova-pro', 'v1:0', ['us', 'eu', 'apac']),
  of('amazon', 'nova-premier', 'v1:0', ['us']),
  of('amazon', 'nova-2-lite', 'v1:0', ['global', 'us', 'eu', 'jp']),
  of('meta', 'llama3-1-8b-instruct', 'v1:0', ['us']),
  of('meta', 'llama3-1-70b-instruct', 'v1:0', ['us']),
  of('meta', 'llama3-1-405b-instruct', 'v1:0', ['us']),
  of('meta', 'llama3-2-1b-instruct', 'v1:0', ['us', 'eu']),
  of('meta', 'llama3-2-3b-instruct', 'v1:0', ['us', 'eu']),
  of('meta', 'llama3-2-11b-instruct', 'v1:0', ['us']),
  of('meta', 'llama3-2-90b-instruct', 'v1:0', ['us']),
  of('meta', 'llama3-3-70b-instruct', 'v1:0', ['us']),
  of('meta', 'llama4-scout-17b-instruct', 'v1:0', ['us']),
  of('meta', 'llama4-maverick-17b-instruct', 'v1:0', ['us']),
  of('mistral', 'mistral-large-2402', 'v1:0', []),
  of('mistral', 'mistral-large-2407', 'v1:0', []),
  of('mistral', 'mistral-small-2402', 'v1:0', []),
  of('mistral', 'pixtral-large-2502', 'v1:0', ['us', 'eu']),
  of('cohere', 'command-r', 'v1:0', []),
  of('cohere', 'command-r-plus', 'v1:0', []),
  of('ai21', 'jamba-1-5-mini', 'v1:0', []),
  of('ai21', 'jamba-1-5-large', 'v1:0', []),
]

/** Where Claude is to be had from 4.7 on, as far as every one of them is: none of them answers without a profile. */
const newerProfiles: readonly Profile[] = ['global', 'us', 'us-gov', 'eu']

function row(names: readonly string[], id: string, served: readonly Profile[]): KnownModel {
  return { names, id: `anthropic.${id}`, profiles: served }
}

function of(maker: string, name: string, version: string, served: readonly Profile[]): KnownModel {
  return { names: [name], id: `${maker}.${name}-${version}`, profiles: served }
}

const byName = new Map(known.flatMap((model) => model.names.map((name) => [name, model] as const)))

export interface IdOptions {
  readonly region: string | null
  /** The one to use for every model that has a maker's name and no profile; `none`: never; null: where there is a need. */
  readonly profile: Profile | 'none' | null
}

/**
 * Bedrock's id for a model name. ARNs and ids with a profile stay as they are; so do ids of Bedrock, unless a profile
 * is asked for. A plain name gets the profile of the region's part of the world where it is served by profiles, and a
 * newer one of Anthropic's that is not in the table the id that the rule of the newer names gives it.
 */
export function bedrockId(model: string, { region, profile }: IdOptions): string {
  if (model.startsWith('arn:') || profiles.some((prefix) => model.startsWith(`${prefix}.`))) return model
  const found = byName.get(model.replace('@', '-')) ?? newer(model)
  if (found === undefined)
    return profile === null || profile === 'none' || isPlain(model) ? model : `${profile}.${model}`
  const wanted = profile ?? profileFor(found.profiles, region)
  return wanted === 'none' ? found.id : `${wanted}.${found.id}`
}

/**
 * The model behind an id or an ARN: tokens are counted by models alone, and a profile is refused. An ARN that does not
 * say what is behind it stays as it is.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
 */
export function foundationId(id: string): string {
  const named = /^arn:[^/]*:inference-profile\/(.+)$/.exec(id)?.[1] ?? id
  const prefix = profiles.find((profile) => named.startsWith(`${profile}.`))
  return prefix === undefined ? named : named.slice(prefix.length + 1)
}

/** A name of Anthropic's API: an id of Bedrock begins with its maker and a dot. */
function isPlain(model: string): boolean {
  return model.startsWith('claude-')
}

/** From 4.7 on a name is an id, behind its maker. */
function newer(model: string): KnownModel | undefined {
  const version = /^claude-[a-z]+-(\d+)(?:-(\d{1,2}))?$/.exec(model)
  const [major, minor] = [Number(version?.[1]), Number(version?.[2] ?? 0)]
  const isNewer = version !== null && (major > 4 || (major === 4 && minor > 6))
  return isNewer ? row([model], model, newerProfiles) : undefined
}

/** The narrowest profile that a request from this region may use, else the one for all the world. */
function profileFor(served: readonly Profile[], region: string | null): Profile | 'none' {
  if (served.length === 0 || region === null) return 'none'
  // What is of the government stays there.
  const wished: readonly Profile[] = region.startsWith('us-gov-') ? ['us-gov'] : [...profilesOf(region), 'global']
  return wished.find((profile) => served.includes(profile)) ?? 'none'
}

function profilesOf(region: string): readonly Profile[] {
  if (/^ap-northeast-[13]$/.test(region)) return ['jp', 'apac']
  if (/^ap-southeast-[246]$/.test(region)) return ['au', 'apac']
  if (region.startsWith('ap-')) return ['apac']
  if (region.startsWith('ca-')) return ['ca', 'us']
  if (region.startsWith('us-')) return ['us']
  return region.startsWith('eu-') ? ['eu'] : []
}
