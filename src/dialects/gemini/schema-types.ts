// The types of a schema node: unions of them, null among them, and nodes that several schemas describe. Reports nothing.
import { isObject } from '../../wire/json-parse.ts'

type Draft = Record<string, unknown>

/** What each keyword describes; all others describe any value. */
const typesOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['properties', ['object']],
  ['required', ['object']],
  ['additionalProperties', ['object']],
  ['propertyOrdering', ['object']],
  ['items', ['array']],
  ['prefixItems', ['array']],
  ['minItems', ['array']],
  ['maxItems', ['array']],
  ['minimum', ['number', 'integer']],
  ['maximum', ['number', 'integer']],
  ['format', ['string', 'number', 'integer']],
])

/** Spells a node's types: one, one with null, or a branch of `anyOf` for each. A list of values gets the type it has. */
export function spreadTypes(draft: Draft, nullable: boolean): Draft {
  const { type, ...rest } = draft
  const said = (Array.isArray(type) ? (type as unknown[]) : [type]).filter((name) => typeof name === 'string')
  const names = said.length > 0 ? said.map((name) => name.toLowerCase()) : typesOfValues(rest['enum'])
  const plain = [...new Set(names.filter((name) => name !== 'null'))]
  const withNull = nullable || names.includes('null')
  if (plain.length <= 1) {
    const [only] = plain
    if (only === undefined) return withNull ? nullOnly(rest) : rest
    return { type: withNull ? [only, 'null'] : only, ...rest }
  }
  // A union beside another one cannot be told; the values still can.
  if ('anyOf' in rest) return rest
  const branches: Draft[] = plain.map((name) => ({ type: name, ...only(rest, name) }))
  return { ...shared(rest), anyOf: withNull ? [...branches, { type: 'null' }] : branches }
}

function nullOnly(rest: Draft): Draft {
  if (Array.isArray(rest['anyOf'])) return { ...rest, anyOf: [...(rest['anyOf'] as unknown[]), { type: 'null' }] }
  return Object.keys(rest).some((key) => typesOf.has(key)) ? rest : { type: 'null', ...rest }
}

function typesOfValues(values: unknown): string[] {
  if (!Array.isArray(values)) return []
  return [...new Set((values as unknown[]).map((value) => typeof value))]
}

function only(rest: Draft, type: string): Draft {
  const entries = Object.entries(rest).filter(([key, value]) =>
    key === 'enum' ? isOf(value, type) : typesOf.get(key)?.includes(type) === true,
  )
  return Object.fromEntries(
    entries.map(([key, value]) => [key, key === 'enum' ? (value as unknown[]).filter((one) => isA(one, type)) : value]),
  )
}

function shared(rest: Draft): Draft {
  return Object.fromEntries(Object.entries(rest).filter(([key]) => key !== 'enum' && !typesOf.has(key)))
}

function isOf(values: unknown, type: string): boolean {
  return Array.isArray(values) && (values as unknown[]).some((value) => isA(value, type))
}

function isA(value: unknown, type: string): boolean {
  return typeof value === (type === 'integer' ? 'number' : type)
}

/** Adds what another schema says of the same value; false where the two contradict, and the first one stands. */
export function mergeBranch(draft: Draft, branch: Draft): boolean {
  let agrees = true
  for (const [key, value] of Object.entries(branch)) {
    const known = draft[key]
    if (known === undefined) draft[key] = value
    else if (key === 'properties' && isObject(known) && isObject(value)) {
      agrees &&= Object.entries(value).every(([name, node]) => !Object.hasOwn(known, name) || same(known[name], node))
      draft[key] = { ...value, ...known }
    } else if (key === 'required' && Array.isArray(known) && Array.isArray(value))
      draft[key] = [...new Set([...(known as unknown[]), ...(value as unknown[])])]
    else if (!annotations.has(key)) agrees &&= same(known, value)
  }
  return agrees
}

/** The node's own words go before those of a definition. */
const annotations: ReadonlySet<string> = new Set(['title', 'description'])

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
