// What the checks of all wires share. A check is a generator of everything that is wrong: only the first is told, and what
// stands behind it is never looked at.
import { isObject } from '../../wire/json-parse.ts'
import type { Check, Members, MockRequest } from './wire.ts'

/** All that is wrong with a request, in the order in which the provider looks. */
export type Problems = Generator<string, void>

/** A check from a generator of problems. */
export function checkOf(problems: (request: MockRequest) => Problems): Check {
  return (request) => problems(request).next().value ?? undefined
}

/** A list of objects; entries of another kind are empty ones. */
export function objectsIn(value: unknown): readonly Members[] {
  return Array.isArray(value) ? (value as unknown[]).map(objectOf) : []
}

/** The object, or an empty one. */
export function objectOf(value: unknown): Members {
  return isObject(value) ? value : {}
}

/** The text, or an empty one. */
export function textIn(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Whether a list is there and has something in it. */
export function isFilled(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0
}

/** Whether the wire said something here. */
export function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** The texts of parts, joined. */
export function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(' ')
}
