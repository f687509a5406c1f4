// JSON Schema cut down to what this wire documents. An allow list: Google refuses the whole request for one keyword that
// it does not know, and new ones come with every draft. What is cut is a loss that names the keyword's place.
//
// The target is the JSON Schema field (`parametersJsonSchema`, `responseJsonSchema`) and not the older `Schema` message:
// it keeps unions, tuples, `additionalProperties`, null types and enums of numbers, which the message has no place for,
// at the price of `pattern`, `default` and the lengths of texts. References are written out: as they are they may only
// stand in optional properties, without siblings, below `$defs`.
// https://ai.google.dev/api/generate-content#generationconfig
import { isObject } from '../../wire/json-parse.ts'
import type { Members } from './extras.ts'
import { lossinessOf, type Lossiness } from './schema-lossiness.ts'
import { mergeBranch, spreadTypes } from './schema-types.ts'

/** Where losses are reported. */
export interface SchemaReport {
  drop(path: string, reason: string, lossiness: Lossiness): void
  approximate(path: string, reason: string, lossiness: Lossiness): void
}

type Draft = Record<string, unknown>

interface Site {
  /** Where the node stands in the client's body; inside a definition, where that stands. */
  readonly at: string
  /** References that are being written out around it. */
  readonly inside: readonly string[]
  /** It is merged into the node around it, which knows the properties. */
  readonly partial?: true
}

/** Written-out references may multiply; a schema beyond this is no schema for a model. */
const maxNodes = 5000

const unsupported = 'the provider has no such schema keyword'

/** Compiles a schema that stands at `at` in the client's body. */
export function compileSchema(schema: unknown, at: string, report: SchemaReport): Members {
  return createCompiler(schema, at, oncePerPath(report))(schema, { at, inside: [] })
}

/** A definition may be written out many times; what it loses, it loses once. */
function oncePerPath(report: SchemaReport): SchemaReport {
  const seen = new Set<string>()
  const first = (path: string): boolean => !seen.has(path) && seen.add(path).size > 0
  return {
    drop: (path, ...told) => (first(path) ? report.drop(path, ...told) : undefined),
    approximate: (path, ...told) => (first(path) ? report.approximate(path, ...told) : undefined),
  }
}

function createCompiler(root: unknown, rootAt: string, report: SchemaReport): (node: unknown, site: Site) => Draft {
  let nodes = 0

  function compile(node: unknown, site: Site): Draft {
    if (node === true) return {}
    if (!isObject(node)) {
      report.drop(site.at, 'a schema that nothing fits', 'high')
      return {}
    }
    if (++nodes > maxNodes) {
      report.approximate(site.at, 'a schema too large to be written out', 'high')
      return {}
    }
    const draft: Draft = {}
    for (const [key, value] of Object.entries(node)) keyword(key, value, site, draft)
    merge(node, site, draft)
    return finish(node, site, draft)
  }

  function keyword(key: string, value: unknown, site: Site, draft: Draft): void {
    const at = `${site.at}.${key}`
    switch (key) {
      case 'properties':
        if (isObject(value)) draft[key] = each(value, { ...site, at })
        break
      case 'items':
        if (Array.isArray(value)) draft['prefixItems'] = list(value, { ...site, at })
        else if (isObject(value)) draft[key] = compile(value, { ...site, at })
        else if (value !== true) report.drop(at, unsupported, 'high')
        break
      case 'prefixItems':
      case 'anyOf':
      case 'oneOf':
        if (Array.isArray(value)) draft[key] = list(value, { ...site, at })
        break
      case 'additionalProperties':
        draft[key] = isObject(value) ? compile(value, { ...site, at }) : value
        break
      case 'const':
        setValues([value], at, draft)
        break
      case 'enum':
        setValues(Array.isArray(value) ? value : [], at, draft)
        break
      case 'exclusiveMinimum':
      case 'exclusiveMaximum':
        setBound(key, value, at, draft)
        break
      // Read where the node is finished, or written out where it is referred to; then the names for that are idle.
      case 'nullable':
      case '$ref':
      case 'allOf':
      case '$defs':
      case 'definitions':
      case '$id':
      case '$anchor':
        break
      default:
        if (kept.has(key)) draft[key] ??= value
        else report.drop(at, unsupported, lossinessOf(key))
    }
  }

  function each(properties: Members, site: Site): Members {
    const compiled = Object.entries(properties).flatMap(([name, node]): [string, unknown][] => {
      const at = `${site.at}.${name}`
      if (node !== false) return [[name, compile(node, { ...site, at })]]
      report.drop(at, 'a property that nothing fits', 'high')
      return []
    })
    // fromEntries and not assignment: a property may be called __proto__.
    return Object.fromEntries(compiled)
  }

  function list(members: readonly unknown[], site: Site): Draft[] {
    return members.map((member, index) => compile(member, { ...site, at: `${site.at}[${index}]` }))
  }

  function setValues(values: readonly unknown[], at: string, draft: Draft): void {
    const rest = values.filter((value) => value !== null)
    if (!rest.every((value) => typeof value === 'string' || typeof value === 'number'))
      return report.drop(at, 'only texts and numbers can be enumerated', 'medium')
    if (rest.length > 0) draft['enum'] = rest
    if (rest.length < values.length) draft['nullable'] = true
  }

  /** Every bound is inclusive here. For whole numbers the next one says the same. */
  function setBound(key: 'exclusiveMinimum' | 'exclusiveMaximum', value: unknown, at: string, draft: Draft): void {
    if (value === false) return
    report.approximate(at, 'only inclusive bounds are known', 'low')
    if (typeof value === 'number') draft[key] = value
  }

  function merge(node: Members, site: Site, draft: Draft): void {
    const { $ref: ref, allOf } = node
    const branches: [string, Draft][] = typeof ref === 'string' ? [['$ref', resolve(ref, site)]] : []
    if (Array.isArray(allOf))
      for (const branch of list(allOf, { ...site, at: `${site.at}.allOf`, partial: true }))
        branches.push(['allOf', branch])
    for (const [key, branch] of branches)
      if (!mergeBranch(draft, branch))
        report.approximate(`${site.at}.${key}`, 'of conflicting schemas the first one counts', 'medium')
  }

  function resolve(ref: string, { at, inside }: Site): Draft {
    const target = lookUp(root, ref)
    if (target === undefined) {
      report.drop(`${at}.$ref`, 'a reference that leads out of the schema', 'high')
      return {}
    }
    if (inside.includes(ref)) {
      report.approximate(`${at}.$ref`, 'a schema that contains itself is written out once', 'high')
      return isObject(target) && typeof target['type'] === 'string' ? { type: target['type'] } : {}
    }
    return compile(target, { at: pathOf(rootAt, ref), inside: [...inside, ref], partial: true })
  }

  function finish(node: Members, { at, partial }: Site, draft: Draft): Draft {
    applyBounds(draft)
    const { nullable, required, ...rest } = draft
    if (Array.isArray(required)) {
      const known = isObject(rest['properties']) ? rest['properties'] : {}
      const names = (required as unknown[]).filter((name) => partial === true || Object.hasOwn(known, String(name)))
      if (names.length < required.length)
        report.approximate(`${at}.required`, 'only properties that are described can be required', 'medium')
      if (names.length > 0) rest['required'] = names
    }
    const spread = spreadTypes(rest, node['nullable'] === true || nullable === true)
    if (!('type' in spread) && 'type' in rest && 'anyOf' in rest)
      report.approximate(`${at}.type`, 'a union of types beside another union', 'medium')
    return spread
  }

  return compile
}

const kept: ReadonlySet<string> = new Set([
  'type',
  'format',
  'title',
  'description',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'required',
  'propertyOrdering',
])

function applyBounds(draft: Draft): void {
  const step = draft['type'] === 'integer' ? 1 : 0
  const { exclusiveMinimum: above, exclusiveMaximum: below, minimum, maximum } = draft
  if (typeof above === 'number')
    draft['minimum'] = Math.max(above + step, typeof minimum === 'number' ? minimum : above)
  if (typeof below === 'number')
    draft['maximum'] = Math.min(below - step, typeof maximum === 'number' ? maximum : below)
  delete draft['exclusiveMinimum']
  delete draft['exclusiveMaximum']
}

/** What a reference inside the schema points to; undefined where nothing stands there. */
function lookUp(root: unknown, ref: string): unknown {
  if (ref !== '#' && !ref.startsWith('#/')) return undefined
  let node: unknown = root
  for (const step of stepsOf(ref)) {
    if (Array.isArray(node)) node = (node as unknown[])[Number(step)]
    else if (isObject(node) && Object.hasOwn(node, step)) node = node[step]
    else return undefined
  }
  return node
}

/** @see https://www.rfc-editor.org/rfc/rfc6901#section-4 */
function stepsOf(ref: string): string[] {
  const pointer = ref.slice(2)
  return pointer === ''
    ? []
    : pointer.split('/').map((step) => unescaped(step).replaceAll('~1', '/').replaceAll('~0', '~'))
}

function unescaped(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

function pathOf(rootAt: string, ref: string): string {
  return stepsOf(ref).reduce((path, step) => `${path}.${step}`, rootAt)
}
