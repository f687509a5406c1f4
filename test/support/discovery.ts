// Google's discovery document as a gate: the API refuses every member that it does not know, so requests are held
// against it member by member. Owns the walk; judges no dialect.
import { readFileSync } from 'node:fs'
import { record, type Json } from './json.ts'
import { sharedPath } from './shared.ts'

interface Node {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly string[]
  readonly items?: Node
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: Node
}

let loaded: Readonly<Record<string, Node>> | undefined

function schemas(): Readonly<Record<string, Node>> {
  loaded ??= (
    JSON.parse(readFileSync(sharedPath('wire-specs', 'gemini.discovery.json'), 'utf8')) as {
      schemas: Record<string, Node>
    }
  ).schemas
  return loaded
}

/** What an instance violates in a schema of the discovery document, one line per place; empty where it is valid. */
export function discoveryErrors(schema: string, instance: unknown): string[] {
  return errorsAt({ $ref: schema }, instance, schema)
}

/** The names of the members that a schema declares. */
export function discoveryMembers(schema: string): ReadonlySet<string> {
  return new Set(Object.keys(schemas()[schema]?.properties ?? {}))
}

function errorsAt(node: Node, value: unknown, at: string): string[] {
  if (node.$ref !== undefined) {
    const target = schemas()[node.$ref]
    if (target === undefined) throw new Error(`the discovery document has no schema ${node.$ref}`)
    return errorsAt(target, value, at)
  }
  switch (node.type) {
    case 'object':
      return objectErrors(node, value, at)
    case 'array':
      if (!Array.isArray(value)) return [`${at} is no list`]
      return value.flatMap((member, index) => errorsAt(node.items ?? {}, member, `${at}[${index}]`))
    case 'string':
      return stringErrors(node, value, at)
    case 'integer':
      return Number.isInteger(value) ? [] : [`${at} is no integer`]
    case 'number':
      return typeof value === 'number' ? [] : [`${at} is no number`]
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${at} is no boolean`]
    default:
      return []
  }
}

function objectErrors(node: Node, value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`]
  const { properties, additionalProperties } = node
  // A free-form record (`Struct`).
  if (properties === undefined && additionalProperties === undefined) return []
  return Object.entries(record(value) as Json).flatMap(([key, member]) => {
    const known = properties?.[key] ?? additionalProperties
    return known === undefined ? [`${at} has no member ${key}`] : errorsAt(known, member, `${at}.${key}`)
  })
}

function stringErrors(node: Node, value: unknown, at: string): string[] {
  // 64-bit numbers are text in this document, and the API takes them as numbers too.
  if (node.format === 'int64' && Number.isInteger(value)) return []
  if (typeof value !== 'string') return [`${at} is no text`]
  return node.enum === undefined || node.enum.includes(value) ? [] : [`${at} is ${value}`]
}
