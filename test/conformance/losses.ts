// Whether a list of losses accounts for a difference. Nothing may be lost without an entry.
import type { Loss } from '../../src/ir/loss.ts'
import { list, record } from '../support/json.ts'

/** Whether a loss names this place: the place itself, or something that contains it. */
export function covers(losses: readonly Loss[], at: string): boolean {
  return losses.some(({ path }) => path === at || isInside(at, path) || path === `${at}[0]`)
}

/** Whether a loss names this place, something that contains it, or something inside it. */
export function touches(losses: readonly Loss[], at: string): boolean {
  return covers(losses, at) || losses.some(({ path }) => isInside(path, at))
}

/**
 * The losses whose path is no place of the body that the client sent.
 * @param names parameters that go by these names are well placed too
 */
export function misplaced(losses: readonly Loss[], body: unknown, names: readonly string[]): string[] {
  return losses
    .map(({ path }) => path)
    .filter((path) => !names.some((name) => path === name || isInside(path, name)) && !exists(path, body))
}

/** What an attribute of a part is called in the canonical request: a loss may use that name. */
const attribute = /\.(?:cache_control|signature|citations|title|name|detail|strict|is_error)$/

function exists(path: string, body: unknown): boolean {
  if (attribute.test(path)) return exists(path.replace(attribute, ''), body)
  let at: unknown = body
  for (const step of path.split(/[.[\]]+/).filter((part) => part !== '')) {
    // A text stands for its only part.
    if (typeof at === 'string') return true
    // Google's API takes its names in snake_case as well.
    const snake = step.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    const next = Array.isArray(at) ? list(at)[Number(step)] : (record(at)[step] ?? record(at)[snake])
    if (next === undefined) return false
    at = next
  }
  return true
}

function isInside(inner: string, outer: string): boolean {
  return inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`)
}

/** The paths at which `after` lacks what `before` says: the outermost absent member, or the differing leaf. */
export function lostPaths(before: unknown, after: unknown, at = ''): string[] {
  if (Array.isArray(before)) {
    if (!Array.isArray(after)) return [at]
    return before.flatMap((member, index) => lostPaths(member, list(after)[index], `${at}[${index}]`))
  }
  if (typeof before === 'object' && before !== null) {
    if (typeof after !== 'object' || after === null || Array.isArray(after)) return [at]
    return Object.entries(before).flatMap(([key, member]) =>
      lostPaths(member, record(after)[key], at === '' ? key : `${at}.${key}`),
    )
  }
  return before === after ? [] : [at]
}
