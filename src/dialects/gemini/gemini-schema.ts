// This wire's own schema language, read as JSON Schema. The other way is compile-schema.ts.
// https://ai.google.dev/api/caching#Schema
import { isObject } from '../../wire/json-parse.ts'
import type { Members } from './extras.ts'
import { camelKeys, repeated } from './names.ts'

// 64-bit numbers, which proto JSON writes as text.
const longs: ReadonlySet<string> = new Set([
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
])

/** A `Schema` of this wire as JSON Schema; whatever is no object stays as it is. */
export function decodeSchema(schema: unknown): unknown {
  if (!isObject(schema)) return schema
  const { nullable, propertyOrdering, example, ...named } = camelKeys(schema)
  const decoded: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(named)) {
    const value = decodeKeyword(key, member, propertyOrdering)
    if (value !== undefined) decoded[key] = value
  }
  if (example !== undefined && !('examples' in decoded)) decoded['examples'] = [example]
  return nullable === true ? nullableOf(decoded) : decoded
}

function decodeKeyword(key: string, value: unknown, ordering: unknown): unknown {
  if (value === null) return undefined
  switch (key) {
    case 'type':
      return typeof value === 'string' ? typeOf(value) : value
    case 'format':
      // Says only that there is an `enum`.
      return value === 'enum' ? undefined : value
    case 'items':
      return decodeSchema(value)
    case 'anyOf':
      return repeated(value).map(decodeSchema)
    case 'properties':
      return isObject(value) ? decodeProperties(value, ordering) : value
    default:
      return longs.has(key) && typeof value === 'string' ? Number(value) : value
  }
}

function typeOf(type: string): string | undefined {
  const lower = type.toLowerCase()
  return lower === 'type_unspecified' ? undefined : lower
}

/**
 * Names of properties are the author's, whatever they look like. JSON Schema knows no order, but models keep to the one
 * they read.
 */
function decodeProperties(properties: Members, ordering: unknown): Members {
  const names = Object.keys(properties)
  const first = repeated(ordering).filter((name): name is string => typeof name === 'string' && name in properties)
  const ordered = [...new Set([...first, ...names])]
  return Object.fromEntries(ordered.map((name) => [name, decodeSchema(properties[name])]))
}

function nullableOf(schema: Members): Members {
  const { type, enum: values } = schema
  if (typeof type !== 'string') return 'anyOf' in schema ? withNullBranch(schema) : schema
  return { ...schema, type: [type, 'null'], ...(Array.isArray(values) && { enum: [...(values as unknown[]), null] }) }
}

function withNullBranch(schema: Members): Members {
  return { ...schema, anyOf: [...repeated(schema['anyOf']), { type: 'null' }] }
}
