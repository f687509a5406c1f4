// Checks a document against a schema and says what is wrong in our own words, with the nearest valid name.
import { z } from 'zod'
import { didYouMean, nearest } from './hints.ts'
import { isRecord } from './json.ts'
import { pathText, problemAt, type Path, type Problem } from './problem.ts'

type Issue = z.core.$ZodIssue
type Schema = z.core.$ZodType

export interface Structure<T> {
  readonly problems: readonly Problem[]
  /**
   * The document with its defaults. Where there are problems it is what the rest of the document says, for the checks
   * that follow, or undefined where too little is left to go on with.
   */
  readonly value: T | undefined
  /** Where `value` differs from what was written: what later checks find there is a consequence, not a finding. */
  readonly repaired: readonly string[]
}

/** Reads a document of unknown origin. Reports everything that is structurally wrong at once. */
export function readStructure<T>(schema: z.ZodType<T>, document: unknown): Structure<T> {
  const first = schema.safeParse(document)
  if (first.success) return { problems: [], value: first.data, repaired: [] }
  const issues = first.error.issues
  const problems = issues.flatMap((issue) => problemsOf(issue, schema, document))
  const repaired = issues.flatMap((issue) => pathsOf(issue)).map(pathText)
  const second = schema.safeParse(repair(document, issues, schema))
  return { problems, value: second.success ? second.data : undefined, repaired }
}

function pathOf(issue: Issue): Path {
  return issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
}

/** An unknown key has the path of its object; everything else its own. */
function pathsOf(issue: Issue): Path[] {
  const path = pathOf(issue)
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path]
}

function problemsOf(issue: Issue, schema: Schema, document: unknown): Problem[] {
  const path = pathOf(issue)
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path)
    return issue.keys.map((key) => problemAt([...path, key], 'unknown key', didYouMean(key, known)))
  }
  const value = valueAt(document, path)
  if (value === undefined) return [problemAt(path, 'required')]
  if (issue.code === 'invalid_value') {
    const values = issue.values.map((one) => JSON.stringify(one))
    const hint = typeof value === 'string' ? nearest(value, issue.values.map(String)) : undefined
    const message = values.length === 1 ? `expected ${values[0]}` : `expected one of ${values.join(', ')}`
    return [problemAt(path, message, hint === undefined ? undefined : `did you mean ${JSON.stringify(hint)}?`)]
  }
  return [problemAt(path, messageOf(issue, value))]
}

const bounds: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' }

function messageOf(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeWord(issue.expected)}, got ${jsonType(value)}`
    case 'invalid_union':
      return `not accepted here: ${jsonType(value)}`
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'empty'
      return `expected ${issue.minimum} or more${bounds[issue.origin] ?? ''}`
    case 'too_big':
      return `expected ${issue.maximum} or less${bounds[issue.origin] ?? ''}`
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'not a valid name'
    default:
      return issue.message
  }
}

function typeWord(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    array: 'a list',
    boolean: 'true or false',
    int: 'a whole number',
    number: 'a number',
    object: 'an object',
    record: 'an object',
    string: 'text',
  }
  return words[expected] ?? expected
}

function jsonType(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number with a fraction'
  return typeWord(typeof value)
}

function valueAt(document: unknown, path: Path): unknown {
  let value = document
  for (const step of path) value = member(value, step)
  return value
}

function member(value: unknown, step: string | number): unknown {
  if (Array.isArray(value)) return (value as unknown[])[Number(step)]
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined
}

/** The keys that the object at `path` may have. */
function keysAt(schema: Schema, path: Path): string[] {
  let current: Schema | undefined = unwrapped(schema)
  for (const step of path) {
    if (current instanceof z.ZodObject) current = current.shape[step] as Schema | undefined
    else if (current instanceof z.ZodArray) current = current.element as Schema
    else if (current instanceof z.ZodRecord) current = current.valueType as Schema
    else return []
    if (current !== undefined) current = unwrapped(current)
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : []
}

function unwrapped(schema: Schema): Schema {
  let inner = schema
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault
  )
    inner = inner.unwrap() as Schema
  return inner
}

/**
 * The document without what the issues are about, so that the checks of the second stage can still run:
 * an unknown key takes the name it was probably meant to have, a wrong plain value gives way to its default.
 */
function repair(document: unknown, issues: readonly Issue[], schema: Schema): unknown {
  const copy = structuredClone(document)
  for (const issue of issues) {
    const path = pathOf(issue)
    if (issue.code === 'unrecognized_keys') {
      const object = valueAt(copy, path)
      if (isRecord(object)) for (const key of issue.keys) renameOrDrop(object, key, keysAt(schema, path))
      continue
    }
    const parent = valueAt(copy, path.slice(0, -1))
    const last = path.at(-1)
    if (isRecord(parent) && typeof last === 'string' && typeof parent[last] !== 'object') delete parent[last]
  }
  return copy
}

function renameOrDrop(object: Record<string, unknown>, key: string, known: readonly string[]): void {
  const meant = nearest(key, known)
  if (meant !== undefined && !Object.hasOwn(object, meant)) object[meant] = object[key]
  delete object[key]
}
