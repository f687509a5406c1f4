// The providers' own OpenAPI documents as validators. Owns turning OpenAPI into plain JSON Schema; judges no dialect.
import { readFileSync } from 'node:fs'
import { dereference, validate, type OutputUnit, type Schema } from '@cfworker/json-schema'
import { sharedPath } from './shared.ts'

type Node = Record<string, unknown>

export type SpecName = 'openai' | 'anthropic'

interface Spec {
  readonly schemas: Readonly<Record<string, Schema>>
  readonly lookup: Record<string, Schema | boolean>
}

const specs = new Map<SpecName, Spec>()

/**
 * What an instance violates in a component schema, one line per leaf: `#/messages/0/role enum: …`. Empty where it is
 * valid. `oneOf` counts as `anyOf` (the documents' alternatives overlap), except that a discriminator picks one
 * alternative, so that the errors are about the right one.
 */
export function schemaErrors(name: SpecName, component: string, instance: unknown): string[] {
  const spec = load(name)
  const schema = spec.schemas[component]
  if (schema === undefined) throw new Error(`${name}: no component ${component}`)
  const result = validate(instance, schema, '2020-12', spec.lookup, false)
  return result.valid ? [] : [...new Set(result.errors.filter(isLeaf).map(line))]
}

/** The names of the properties that a component declares itself or through `allOf`. */
export function propertyNames(name: SpecName, component: string): Set<string> {
  const names = new Set<string>()
  const visit = (node: unknown): void => {
    const schema = node as Node
    const reference = schema['$ref']
    if (typeof reference === 'string') visit(load(name).schemas[reference.split('/').at(-1) ?? ''])
    for (const key of Object.keys((schema['properties'] ?? {}) as Node)) names.add(key)
    for (const part of (schema['allOf'] ?? []) as unknown[]) visit(part)
  }
  visit(load(name).schemas[component])
  return names
}

/** The values of a member that tells the alternatives of a component apart (`type` of stream events). */
export function discriminators(name: SpecName, component: string, member: string): ReadonlySet<string> {
  const raw = documentOf(name)
  const node = raw[component]
  const alternatives = [...((node?.['anyOf'] ?? []) as Node[]), ...((node?.['oneOf'] ?? []) as Node[])]
  return new Set(alternatives.flatMap((part) => discriminants(part, member, raw) as string[]))
}

// What is wrong inside a reference or a property is reported by the leaf itself.
const containers = new Set(['$ref', 'allOf', 'if', 'properties', 'items', 'prefixItems'])

function isLeaf(error: OutputUnit): boolean {
  return !containers.has(error.keyword)
}

function line(error: OutputUnit): string {
  return `${error.instanceLocation} ${error.keyword}: ${error.error}`
}

function load(name: SpecName): Spec {
  const known = specs.get(name)
  if (known !== undefined) return known
  const raw = documentOf(name)
  const schemas = Object.fromEntries(Object.entries(raw).map(([key, node]) => [key, plain(node, raw) as Schema]))
  const lookup = dereference({ components: { schemas } } as unknown as Schema)
  const spec = { schemas, lookup }
  specs.set(name, spec)
  return spec
}

const documents = new Map<SpecName, Readonly<Record<string, Node>>>()

/** The component schemas as the document has them. */
function documentOf(name: SpecName): Readonly<Record<string, Node>> {
  const known = documents.get(name)
  if (known !== undefined) return known
  const document = JSON.parse(readFileSync(sharedPath('wire-specs', `${name}.openapi.json`), 'utf8')) as {
    components: { schemas: Record<string, Node> }
  }
  documents.set(name, document.components.schemas)
  return document.components.schemas
}

const mapKeywords = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas'])
const valueKeywords = new Set([
  'type',
  'const',
  'enum',
  'required',
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'uniqueItems',
  '$ref',
])
const schemaKeywords = new Set(['items', 'additionalProperties', 'propertyNames', 'not', 'contains'])
const listKeywords = new Set(['anyOf', 'allOf', 'prefixItems'])

/** Keeps the keywords of JSON Schema and drops prose, examples and vendor extensions. */
function plain(node: unknown, raw: Readonly<Record<string, Node>>): unknown {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return node
  const schema: Node = {}
  for (const [key, value] of Object.entries(node)) {
    if (valueKeywords.has(key)) schema[key] = value
    else if (schemaKeywords.has(key)) schema[key] = plain(value, raw)
    else if (listKeywords.has(key)) schema[key] = (value as unknown[]).map((part) => plain(part, raw))
    else if (mapKeywords.has(key))
      schema[key] = Object.fromEntries(Object.entries(value as Node).map(([name, part]) => [name, plain(part, raw)]))
  }
  const source = node as Node
  if (Array.isArray(source['oneOf'])) addAlternatives(schema, source, raw)
  return source['nullable'] === true ? { anyOf: [schema, { type: 'null' }] } : schema
}

function addAlternatives(schema: Node, source: Node, raw: Readonly<Record<string, Node>>): void {
  const alternatives = source['oneOf'] as Node[]
  const property = (source['discriminator'] as { propertyName?: string } | undefined)?.propertyName
  const choices = property === undefined ? undefined : alternatives.map((part) => discriminants(part, property, raw))
  const parts = alternatives.map((part) => plain(part, raw))
  if (property === undefined || choices === undefined || choices.some((values) => values.length === 0)) {
    schema['anyOf'] = parts
    return
  }
  schema['type'] = 'object'
  schema['required'] = [property]
  schema['allOf'] = [
    { properties: { [property]: { enum: choices.flat() } } },
    ...parts.map((part, index) => ({
      if: { properties: { [property]: { enum: choices[index] } }, required: [property] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema; nobody awaits a schema
      then: part,
    })),
  ]
}

/** The values of the discriminating property that an alternative stands for, from its own schema. */
function discriminants(part: Node, property: string, raw: Readonly<Record<string, Node>>): unknown[] {
  const reference = part['$ref']
  const target = typeof reference === 'string' ? raw[reference.split('/').at(-1) ?? ''] : part
  const member = ((target?.['properties'] ?? {}) as Record<string, Node>)[property]
  if (member === undefined) return []
  if ('const' in member) return [member['const']]
  return Array.isArray(member['enum']) ? (member['enum'] as unknown[]) : []
}
