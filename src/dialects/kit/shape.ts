// Reads a value against the shape that a codec needs. Owns how a wrong shape is told, and no shape.
import type { z } from 'zod'

/** A wrong shape: where, as a path below the value that was read (`.tools[0].name`), and what was expected. */
export interface Fault {
  readonly at: string
  readonly message: string
}

export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault }

/** Reads a value; the first fault counts. */
export function readShape<T>(schema: z.ZodType<T>, value: unknown): Reading<T> {
  const result = schema.safeParse(value)
  if (result.success) return { ok: true, value: result.data }
  const [issue] = result.error.issues
  const path = issue === undefined ? [] : deepestPath(issue)
  return { ok: false, fault: { at: pathText(path), message: issue?.message ?? 'wrong shape' } }
}

/** Reads a body, whose faults stand in no other value. */
export function readBody<T>(schema: z.ZodType<T>, value: unknown): Reading<T> {
  const reading = readShape(schema, value)
  if (reading.ok) return reading
  return { ok: false, fault: { ...reading.fault, at: reading.fault.at.replace(/^\./, '') } }
}

/** Of the alternatives that failed, the one that came furthest is what was meant. */
function deepestPath(issue: z.core.$ZodIssue): PropertyKey[] {
  const inner = issue.code === 'invalid_union' ? issue.errors.flat().map(deepestPath) : []
  const furthest = inner.reduce<PropertyKey[]>((best, path) => (path.length > best.length ? path : best), [])
  return [...issue.path, ...furthest]
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
}
