// The spellings that Gemini's API takes for the same thing, made one.
import { list, record, text, type Json } from '../../../support/json.ts'

/** Below these keys stands what a tool or a schema's author wrote; keys are names there. */
const named = new Set([
  'args',
  'response',
  'parametersJsonSchema',
  'responseJsonSchema',
  'properties',
  'default',
  'example',
])

/** The same request with the keys of the document, and modes and types in capitals. */
export function camelCased(value: Json): Json {
  return rewritten(value) as Json
}

function rewritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewritten)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const name = key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
      if (name === 'properties') return [name, byName(record(member))]
      if (named.has(name)) return [name, member]
      const isWord = typeof member === 'string' && (name === 'mode' || name === 'type')
      return [name, isWord ? member.toUpperCase() : rewritten(member)]
    }),
  )
}

/** The properties of a schema: their names stay, their schemas do not. */
function byName(properties: Json): Json {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, rewritten(schema)]))
}

/** A schema of this wire in the words of JSON Schema, as far as two schemas are compared here. */
export function plainSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plainSchema)
  if (typeof schema !== 'object' || schema === null) return schema
  const { nullable, propertyOrdering: _order, title: _title, additionalProperties: _closed, ...rest } = record(schema)
  const plain = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => {
      if (key === 'properties')
        return [
          key,
          Object.fromEntries(Object.entries(record(value)).map(([name, entry]) => [name, plainSchema(entry)])),
        ]
      if (key === 'type')
        return [
          key,
          Array.isArray(value) ? list(value).map((type) => text(type).toLowerCase()) : text(value).toLowerCase(),
        ]
      return [key, key === 'items' || key === 'anyOf' ? plainSchema(value) : value]
    }),
  )
  return nullable === true ? { ...plain, type: [plain['type'], 'null'] } : plain
}
