// The two spellings of this wire: proto JSON is written in camelCase and read in snake_case just as well.
// https://protobuf.dev/programming-guides/json/
import type { IrRequest } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import { clientPaths } from '../../ir/client-paths.ts'
import { clientNames } from '../kit/client-paths.ts'
import type { Members } from './extras.ts'

/** What a tool or a schema author wrote: never respelled. */
const data: ReadonlySet<string> = new Set([
  'args',
  'response',
  'parameters',
  'parametersJsonSchema',
  'responseSchema',
  'responseJsonSchema',
  '_responseJsonSchema',
  'partMetadata',
  'labels',
])

/** The keys of one record in camelCase; records below it are left as they are. */
export function camelKeys(value: Members): Members {
  // Nearly always, so it should cost nearly nothing.
  if (!Object.keys(value).some((key) => key.includes('_'))) return value
  const named: [string, unknown][] = []
  for (const [key, member] of Object.entries(value)) {
    const camel = camelOf(key)
    // Said twice, the spelling of the specification counts.
    named.push([camel in value && camel !== key ? key : camel, member])
  }
  return Object.fromEntries(named)
}

/** One name in camelCase. */
export function camelOf(key: string): string {
  return key.replaceAll(/(?<=[a-zA-Z0-9])_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())
}

/** How a client spelled a member: losses and refusals name the place in its own body. */
export function spellingOf(record: unknown, name: string): string {
  if (!isObject(record) || name in record) return name
  return Object.keys(record).find((key) => camelOf(key) === name) ?? name
}

/** Where the client's spellings are other ones than the specification's, for losses to name its own. */
export function spelledPlaces(body: Members): IrRequest['at'] {
  const parts = repeated(body['contents']).flatMap((content) => (isObject(content) ? repeated(content['parts']) : []))
  const records = [body, ...parts.filter(isSnake)]
  const names = Object.entries(clientPaths({ source: 'gemini' })).map(([name, path]) => {
    const spelled = records.map((record) => spelledPath(record, path)).find((found) => found !== undefined)
    return [name, spelled === path ? undefined : spelled] as const
  })
  return clientNames(Object.fromEntries(names))
}

/** A path in the client's spelling; undefined where it does not lead anywhere. */
function spelledPath(value: unknown, path: string): string | undefined {
  const steps: string[] = []
  for (const name of path.split('.')) {
    const step = spellingOf(value, name)
    if (!isObject(value) || !(step in value)) return undefined
    steps.push(step)
    value = value[step]
  }
  return steps.join('.')
}

/** Whether a part, or its content, has names in snake_case: clients do not change their mind from part to part. */
function isSnake(part: unknown): boolean {
  if (!isObject(part)) return false
  return Object.entries(part).some(
    ([key, member]) =>
      key.includes('_') || (isObject(member) && Object.keys(member).some((name) => name.includes('_'))),
  )
}

/** The members of a record in camelCase; none where it is no record. */
export function camelRecord(value: unknown): Members {
  return isObject(value) ? camelKeys(value) : {}
}

/** A repeated field: proto JSON of Google's servers also takes one value that stands alone. */
export function repeated(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[]
  return value === undefined || value === null ? [] : [value]
}

/**
 * Gives an encoded value the spellings that the client's own body had at the same place: snake_case keys, and a single
 * value for a list of one. Both spellings mean the same, so a place that has moved does no harm.
 */
export function respell(encoded: unknown, body: unknown): unknown {
  if (encoded === body || body === undefined || body === null) return encoded
  if (Array.isArray(encoded)) {
    if (Array.isArray(body)) return encoded.map((member, index) => respell(member, (body as unknown[])[index]))
    return encoded.length === 1 && isObject(body) ? respell(encoded[0], body) : encoded
  }
  if (!isObject(encoded) || !isObject(body)) return encoded
  const spelled = new Map(Object.keys(body).map((key) => [camelOf(key), key]))
  return Object.fromEntries(
    Object.entries(encoded).map(([key, member]) => {
      const own = key in body ? key : (spelled.get(key) ?? key)
      return [own, data.has(key) ? member : respell(member, body[own])]
    }),
  )
}
