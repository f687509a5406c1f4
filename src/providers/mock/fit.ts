// A value that fits a JSON schema, always the same one. Knows what schemas of structured output use, and no more.
import { isObject } from '../../wire/json-parse.ts'
import type { Members } from './wire.ts'

// A schema may refer to itself; what lies deeper is left out or empty.
const maxDepth = 12

/** The smallest value that fits, with every property there. */
export function fitting(schema: unknown, root: unknown = schema, depth = 0): unknown {
  const known = resolved(schema, root)
  if ('const' in known) return known['const']
  if (Array.isArray(known['enum'])) return (known['enum'] as unknown[])[0]
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const options: unknown = known[key]
    if (Array.isArray(options) && options.length > 0) return fitting(options[0], root, depth)
  }
  switch (typeOf(known)) {
    case 'object':
      return objectFor(known, root, depth)
    case 'array':
      return listFor(known, root, depth)
    case 'number':
    case 'integer':
      return Math.max(1, numberIn(known['minimum']) ?? 1)
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return 'text'.padEnd(numberIn(known['minLength']) ?? 0, '.')
  }
}

function resolved(schema: unknown, root: unknown): Members {
  const found = isObject(schema) ? schema : {}
  const path = typeof found['$ref'] === 'string' ? found['$ref'].split('/').slice(1) : []
  if (path.length === 0) return found
  const target = path.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), root)
  return isObject(target) ? target : {}
}

/** Gemini writes types in capitals, and a list of types has the one that counts first. */
function typeOf(schema: Members): string {
  const { type } = schema
  const said: unknown = Array.isArray(type) ? (type as unknown[]).find((name) => name !== 'null') : type
  if (typeof said === 'string') return said.toLowerCase()
  return isObject(schema['properties']) ? 'object' : 'string'
}

function objectFor(schema: Members, root: unknown, depth: number): object {
  const properties = isObject(schema['properties']) ? Object.entries(schema['properties']) : []
  const required = new Set(Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [])
  const kept = depth < maxDepth ? properties : properties.filter(([key]) => required.has(key) && depth < maxDepth * 2)
  return Object.fromEntries(kept.map(([key, value]) => [key, fitting(value, root, depth + 1)]))
}

function listFor(schema: Members, root: unknown, depth: number): unknown[] {
  const length = depth < maxDepth ? Math.max(1, numberIn(schema['minItems']) ?? 1) : 0
  return Array.from({ length }, () => fitting(schema['items'], root, depth + 1))
}

// Gemini's schemas hold counts as text.
function numberIn(value: unknown): number | undefined {
  const found = typeof value === 'string' ? Number(value) : value
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}
