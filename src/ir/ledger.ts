// What became of every member of a request in a translation, by JSON pointer. Made from the losses that the codec
// reported: what no loss names was mapped, which the conformance suite holds the codecs to.
import type { GatewayError } from './error.ts'
import type { Loss } from './loss.ts'

/** A place that did not come through as it was, and why. */
export interface LedgerEntry {
  /** RFC 6901. */
  readonly pointer: string
  readonly reason: string
  readonly lossiness?: Loss['lossiness']
}

/** Every member of a body in exactly one of four lists. */
export interface Ledger {
  readonly mapped: readonly string[]
  readonly approximated: readonly LedgerEntry[]
  readonly dropped: readonly LedgerEntry[]
  readonly refused: readonly LedgerEntry[]
}

type Step = string | number

/**
 * Sorts the members of a body by what became of them.
 * @param body the client's parsed body
 * @param losses as the encoder reported them
 * @param refusal why nothing was sent, if nothing was
 */
export function ledgerOf(body: unknown, losses: readonly Loss[], refusal?: GatewayError): Ledger {
  const approximated = entries(body, losses, 'approximated')
  const dropped = entries(body, losses, 'dropped')
  const refused =
    refusal === undefined ? [] : [{ pointer: pointerOf(body, refusal.param ?? ''), reason: refusal.message }]
  const touched = [...approximated, ...dropped, ...refused].map((entry) => entry.pointer)
  const mapped = refusal === undefined ? leaves(body).filter((leaf) => !touched.some((one) => covers(one, leaf))) : []
  return { mapped, approximated, dropped, refused }
}

function entries(body: unknown, losses: readonly Loss[], action: Loss['action']): LedgerEntry[] {
  return losses
    .filter((loss) => loss.action === action)
    .map(({ path, reason, lossiness }) => ({
      pointer: pointerOf(body, path),
      reason,
      ...(lossiness !== undefined && { lossiness }),
    }))
}

/**
 * A path as codecs write it (`messages[2].content[0]`) as a JSON pointer into the body. A member whose name holds dots
 * is found where the body has it.
 * @see https://www.rfc-editor.org/rfc/rfc6901
 */
export function pointerOf(body: unknown, path: string): string {
  return stepsOf(body, path)
    .map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
}

function stepsOf(body: unknown, path: string): Step[] {
  const steps: Step[] = []
  let rest = path
  let value = body
  while (rest !== '') {
    const index = /^\[(\d+)\]\.?/.exec(rest)
    const step = index?.[1] === undefined ? nameAt(value, rest) : Number(index[1])
    rest = rest.slice(index?.[0].length ?? String(step).length).replace(/^\./, '')
    steps.push(step)
    value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined
  }
  return steps
}

// The longest member of the value that the path begins with, else the text up to the next separator.
function nameAt(value: unknown, path: string): string {
  const known = typeof value === 'object' && value !== null ? Object.keys(value) : []
  const fits = known.filter((key) => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`))
  const longest = fits.toSorted((left, right) => right.length - left.length)[0]
  return longest ?? /^[^.[]+/.exec(path)?.[0] ?? path
}

function leaves(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at]
  const members = Object.entries(value)
  if (members.length === 0) return [at]
  return members.flatMap(([key, member]) => leaves(member, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`))
}

function covers(outer: string, leaf: string): boolean {
  return leaf === outer || leaf.startsWith(`${outer}/`)
}
