// Routes and their targets, with every name in them checked against the rest of the file.
import { breakerOf, checkPatterns, permanentOf } from './compile-breaker.ts'
import { checkUnique } from './compile-access.ts'
import { capabilitiesOf } from './compile-capabilities.ts'
import { implicitAccount } from './compile-providers.ts'
import { compileTimeoutOverrides } from './compile-server.ts'
import { literalPrefix } from './glob.ts'
import { didYouMean } from './hints.ts'
import { dialectOf } from './presets.ts'
import { profileOfName } from './score-profiles.ts'
import type { Path, Report } from './problem.ts'
import type { Config, RouteConfig, TargetConfig } from './schema.ts'
import type { ProviderRecord, Requirements, RouteRecord, TargetRecord } from './snapshot.ts'

interface Context {
  readonly config: Config
  readonly providers: ReadonlyMap<string, ProviderRecord>
  readonly report: Report
}

// Setting these for the client would change which request it is.
const reservedDefaults: ReadonlySet<string> = new Set(['model', 'messages', 'stream', 'input', 'contents'])
const longestName = 256

/** Checks and compiles the routes by name. */
export function compileRoutes(context: Context): Map<string, RouteRecord> {
  const records = new Map<string, RouteRecord>()
  for (const [name, route] of Object.entries(context.config.routes))
    records.set(name, compileRoute(name, route, context))
  return records
}

function compileRoute(name: string, route: RouteConfig, context: Context): RouteRecord {
  const { report } = context
  const path: Path = ['routes', name]
  checkName(name, route, path, report)
  checkMatch(route, path, report)
  for (const key of Object.keys(route.defaults))
    if (reservedDefaults.has(key)) report.problem([...path, 'defaults', key], 'cannot be set by a route')
  const targets = route.targets.map((target, index) =>
    compileTarget(target, route, [...path, 'targets', index], context),
  )
  checkTargets(route, [...path, 'targets'], report)
  checkStrategy(name, route, path, report)
  checkPatterns(route.breaker, [...path, 'breaker'], report)
  return {
    name,
    match: route.match?.model ?? null,
    stripPrefix: route.strip_prefix,
    strategy: route.strategy,
    profile: route.profile,
    sticky: route.sticky,
    require: requirementsOf(route.require),
    targets: withNames(targets).flatMap((target, index) => inRegions(target, route.targets[index]?.regions)),
    defaults: route.defaults,
    fallback: {
      enabled: route.fallback.enabled,
      maxAttempts: route.fallback.max_attempts,
      onContextOverflow: route.fallback.on_context_overflow,
      degradeTo: route.fallback.degrade_to,
    },
    streamFailure: route.stream_failure,
    malformedEvent: route.malformed_event,
    displayName: route.display_name,
  }
}

function checkName(name: string, route: RouteConfig, path: Path, report: Report): void {
  if (name === '' || name.trim() !== name) report.problem(path, 'a route name is not empty and has no blanks around it')
  else if (name.length > longestName) report.problem(path, `a route name has at most ${longestName} characters`)
  // Control, format and private-use characters, lone surrogates, and line separators.
  else if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) report.problem(path, 'a route name has printable characters only')
  else if (name.includes('::'))
    report.problem(path, 'a route name must not hold "::"', 'it separates profile and model')
  else if (name.includes('*') && route.match === null)
    report.problem(path, 'a route name is taken literally', `write "match": { "model": ${JSON.stringify(name)} }`)
}

const reservedNames: ReadonlySet<string> = new Set(['__proto__'])

function checkTargets({ targets, strategy }: RouteConfig, path: Path, report: Report): void {
  if (targets.length === 0) report.problem(path, 'a route needs at least one target')
  checkUnique(targets, ({ name }) => name, 'name', path, report)
  const taken = new Set(targets.map(({ name }) => name))
  for (const [index, { name, regions = [] }] of targets.entries()) {
    if (name === undefined) continue
    const at = [...path, index, 'name']
    if (name.length > longestName) report.problem(at, `a target name has at most ${longestName} characters`)
    else if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) report.problem(at, 'a target name has printable characters only')
    else if (reservedNames.has(name)) report.problem(at, 'not a name for a target')
    const clash = regions.map((region) => `${name}@${region}`).find((regional) => taken.has(regional))
    if (clash !== undefined) report.problem(at, `another target is called ${JSON.stringify(clash)}`)
  }
  if (strategy === 'weighted' && targets.length > 0 && targets.every(({ weight }) => weight === 0))
    report.problem(path, 'every weight is 0', 'one target at least needs some')
}

/** The profile counts for strategy `score` only, and a name that asks for one is easily taken for it. */
function checkStrategy(name: string, { strategy, profile }: RouteConfig, path: Path, report: Report): void {
  if (strategy === 'score') return
  if (profile !== null)
    report.warning([...path, 'profile'], 'has no effect', `only strategy "score" has profiles, not "${strategy}"`)
  else if (profileOfName(name) !== undefined)
    report.warning([...path, 'strategy'], `"${strategy}" does not score`, 'write "score" for what the name promises')
}

/** One target for each region, in the order of the list; each has a breaker of its own. */
function inRegions(target: TargetRecord, regions: readonly string[] | undefined): readonly TargetRecord[] {
  return regions?.map((region) => ({ ...target, name: `${target.name}@${region}`, region })) ?? [target]
}

function checkMatch(route: RouteConfig, path: Path, report: Report): void {
  const glob = route.match?.model
  if (glob !== undefined) {
    if (/[\s\p{C}]/u.test(glob))
      report.problem([...path, 'match', 'model'], 'a glob has no blanks or control characters')
    else if (glob.includes('**')) report.problem([...path, 'match', 'model'], '"*" already stands for any characters')
    else if (/[?{\\]/.test(glob) || /\[[^\]]*-[^\]]*\]/.test(glob))
      report.warning([...path, 'match', 'model'], 'only "*" is special in a glob', 'everything else stands for itself')
  }
  if (!route.strip_prefix) return
  if (glob === undefined || !glob.includes('*') || literalPrefix(glob) === '')
    report.problem([...path, 'strip_prefix'], 'needs a match with text before its "*"', 'such as "azure/*"')
  else if (!route.targets.some((target) => target.model === '*'))
    report.warning([...path, 'strip_prefix'], 'has no effect', 'because no target has the model "*"')
}

function compileTarget(target: TargetConfig, route: RouteConfig, path: Path, context: Context): TargetRecord {
  const { config, report } = context
  const provider = Object.hasOwn(config.providers, target.provider) ? config.providers[target.provider] : undefined
  if (provider === undefined) {
    const hint = didYouMean(target.provider, Object.keys(config.providers))
    report.problem([...path, 'provider'], `no provider ${JSON.stringify(target.provider)}`, hint)
  } else if (target.account !== null) {
    const accounts = provider.accounts.length === 0 ? [implicitAccount] : provider.accounts.map((account) => account.id)
    if (!accounts.includes(target.account)) {
      const message = `provider ${JSON.stringify(target.provider)} has no account ${JSON.stringify(target.account)}`
      report.problem([...path, 'account'], message, didYouMean(target.account, accounts))
    }
  }
  checkModel(target, route, path, report)
  if (target.breaker !== null) checkPatterns(target.breaker, [...path, 'breaker'], report)
  return {
    name: target.name ?? '',
    provider: target.provider,
    model: target.model,
    dialect: dialectFor(target, path, context),
    account: target.account,
    priority: target.priority,
    weight: target.weight,
    timeouts: compileTimeoutOverrides(target.timeouts),
    maxRetries: target.max_retries,
    region: target.region,
    onAbort: target.on_abort,
    ...(target.lane !== null && { lane: target.lane }),
    breaker: breakerOf(target.breaker ?? route.breaker),
    permanent: permanentOf(target.breaker ?? route.breaker),
  }
}

function requirementsOf({ min_context_tokens: minContextTokens, ...stated }: RouteConfig['require']): Requirements {
  return { ...capabilitiesOf(stated), ...(minContextTokens !== undefined && { minContextTokens }) }
}

function checkModel(target: TargetConfig, route: RouteConfig, path: Path, report: Report): void {
  const { model } = target
  if (model === '*') {
    if (route.match === null)
      report.problem([...path, 'model'], '"*" passes on what the client asked for', 'so the route needs a "match"')
  } else if (model.includes('*')) report.problem([...path, 'model'], 'a model is taken literally, or is "*" alone')
  else if (/[\s\p{C}]/u.test(model)) report.problem([...path, 'model'], 'a model has no blanks or control characters')
}

function dialectFor(target: TargetConfig, path: Path, context: Context): TargetRecord['dialect'] {
  const format = target.api_format
  if (format === null) return null
  const dialect = dialectOf[format]
  const provider = context.providers.get(target.provider)
  const at = [...path, 'api_format']
  if (dialect === undefined)
    context.report.problem(
      at,
      `"${format}" is not available in this version`,
      `available: ${Object.keys(dialectOf).join(', ')}`,
    )
  else if (provider !== undefined && !provider.dialects.includes(dialect))
    context.report.problem(at, `provider ${JSON.stringify(target.provider)} does not offer "${format}"`)
  return dialect ?? null
}

/** Reports what routes degrade to where it is neither a route nor a model of the file, or the route itself. */
export function checkDegradeTo(config: Config, report: Report): void {
  const known = [...Object.keys(config.routes), ...Object.keys(config.models)]
  for (const [route, { fallback }] of Object.entries(config.routes))
    for (const [index, name] of fallback.degrade_to.entries()) {
      const path = ['routes', route, 'fallback', 'degrade_to', index]
      if (!known.includes(name))
        report.problem(path, `no route or model ${JSON.stringify(name)}`, didYouMean(name, known))
      else if (name === route) report.problem(path, 'is this route itself')
      else if (fallback.degrade_to.indexOf(name) !== index)
        report.problem(path, `${JSON.stringify(name)} is listed twice`)
    }
}

/** Gives nameless targets a name: provider/model, numbered where that is taken. */
function withNames(targets: readonly TargetRecord[]): TargetRecord[] {
  const taken = new Set(targets.map((target) => target.name))
  return targets.map((target) => {
    if (target.name !== '') return target
    const plain = `${target.provider}/${target.model}`
    let name = plain
    for (let number = 2; taken.has(name); number++) name = `${plain}#${number}`
    taken.add(name)
    return { ...target, name }
  })
}
