// The faults that a provider may have, by name: `mock/fault-503`. Each is one of the scripts; its number is that of the tests
// in test/faults. The table in docs/faults.md is this list.
import type { Script } from './script.ts'

/** A fault that can be asked for. */
export interface Fault {
  readonly model: string
  /** The number of the fault: `F-24`. */
  readonly row: string
  /** What the provider does. */
  readonly does: string
}

interface NamedFault extends Fault {
  readonly script: Script
}

const prefix = 'fault-'
/** Content that is let through before a fault in the middle. */
const some = 2
const everySecond = 1000

function named(name: string, row: string, does: string, script: Script): NamedFault {
  return { model: prefix + name, row, does, script }
}

function unreachable(name: string, row: string, does: string, detail: string): NamedFault {
  return named(name, row, does, { type: 'unreachable', code: 'upstream_unreachable', detail })
}

const overflow = "This model's maximum context length is 8 tokens, however you asked for more."
const spent = 'You exceeded your current quota, please check your plan and billing details.'

const namedFaults: readonly NamedFault[] = [
  unreachable('connect-refused', 'F-01', 'refuses the connection', 'ECONNREFUSED'),
  unreachable('dns', 'F-02', 'has a name that does not exist', 'ENOTFOUND'),
  named('tls', 'F-05', 'has a certificate that has expired', {
    type: 'unreachable',
    code: 'upstream_tls',
    detail: 'CERT_HAS_EXPIRED',
  }),
  named('connect-timeout', 'F-07', 'lets nobody connect until timeouts.connect_ms is over', {
    type: 'unreachable',
    code: 'upstream_unreachable',
    detail: 'ETIMEDOUT',
    isLate: true,
  }),
  unreachable('reset-before-headers', 'F-08', 'breaks the connection before it answers', 'ECONNRESET'),
  named('reset-after-headers', 'F-10', 'breaks the connection behind the headers', { type: 'reset', after: 0 }),
  named('stall-headers', 'F-11', 'never sends headers', { type: 'stall', after: 0 }),
  named('stall-first-content', 'F-12', 'sends headers and never any content', { type: 'silent' }),
  named('context-overflow', 'F-15', 'says that the input is too long', {
    type: 'status',
    status: 400,
    message: overflow,
  }),
  named('redirect', 'F-19', 'answers 307 and sends the caller elsewhere', { type: 'redirect' }),
  named('quota', 'F-20', 'answers 429 because nothing is left on the account', {
    type: 'status',
    status: 429,
    message: spent,
  }),
  named('html', 'F-28', 'answers a web page with status 200', { type: 'html' }),
  named('empty', 'F-29', 'answers with nothing in it', { type: 'empty' }),
  named('no-body', 'F-29', 'answers 200 and not one byte', { type: 'no-body' }),
  named('json-for-stream', 'F-31', 'answers JSON where a stream was asked for, and the other way round', {
    type: 'swapped',
  }),
  named('error-first-event', 'F-33', 'begins with an error; a whole answer holds nothing else (F-27)', {
    type: 'error',
    after: 0,
    bare: true,
  }),
  named('error-in-stream', 'F-34', 'reports an error in the middle', { type: 'error', after: some }),
  named('truncated', 'F-35', 'ends in the middle, as if all were well', { type: 'cut', after: some }),
  named('reset-mid-stream', 'F-38', 'breaks the connection between two events', { type: 'reset', after: some }),
  named('reset-mid-event', 'F-38', 'breaks the connection in the middle of an event', {
    type: 'reset',
    after: some,
    half: true,
  }),
  named('malformed-event', 'F-42', 'sends an event that is no JSON', { type: 'malformed', after: some }),
  named('giant-event', 'F-45', 'sends one event of 5 MiB', { type: 'giant' }),
  named('endless', 'F-46', 'never comes to an end', { type: 'endless', delayMs: 20 }),
  named('stall-mid-stream', 'F-47', 'falls silent in the middle', { type: 'stall', after: some }),
  named('drip', 'F-48', 'sends one byte per second behind its first content', { type: 'drip', delayMs: everySecond }),
  named('pings', 'F-49', 'sends nothing but signs of life in the middle', {
    type: 'pings',
    after: some,
    delayMs: everySecond,
  }),
  named('telltale', 'F-54', 'repeats the key that it was sent in an error', { type: 'telltale' }),
  named('headers', 'F-55', 'sets cookies and other headers that are not for the client', { type: 'headers' }),
]

const statuses: readonly (readonly [name: string, row: string, does: string])[] = [
  ['400', 'F-14', 'answers 400'],
  ['422', 'F-14', 'answers 422'],
  ['401', 'F-16', 'refuses the key with 401'],
  ['403', 'F-17', 'answers 403'],
  ['404', 'F-18', 'does not know the model'],
  ['402', 'F-20', 'wants to be paid with 402'],
  ['429-retry-after-2', 'F-21', 'answers 429 and asks for 2 seconds; any status and number'],
  ['429', 'F-23', 'answers 429 and does not say for how long'],
  ['500', 'F-24', 'answers 500'],
  ['502', 'F-24', 'answers 502'],
  ['503', 'F-24', 'answers 503; any status from 400 to 599'],
  ['flaky-50', 'F-24', 'answers 503 to half of the calls, by chance; any percentage'],
  ['first-2-503', 'F-24', 'answers 503 to the first 2 calls; any number and status'],
  ['529', 'F-26', 'answers 529, overloaded'],
]

const byModel = new Map(namedFaults.map((fault) => [fault.model, fault.script]))

/** Every fault in the order of the catalogue; of a family with numbers, one. */
export const faults: readonly Fault[] = [
  ...namedFaults.map(({ model, row, does }) => ({ model, row, does })),
  ...statuses.map(([name, row, does]) => ({ model: prefix + name, row, does })),
].toSorted((left, right) => left.row.localeCompare(right.row))

const status = /^fault-([45]\d\d)(?:-retry-after-(\d{1,6}))?$/
const flaky = /^fault-flaky-(\d{1,2}|100)$/
const first = /^fault-first-(\d{1,4})-([45]\d\d)$/
const middle =
  /^(fault-(?:error-in-stream|truncated|reset-mid-stream|reset-mid-event|malformed-event|stall-mid-stream|pings))-(\d{1,6})$/

/** What a model does whose name begins with `fault-`; undefined for other names. */
export function faultOf(model: string): Script | undefined {
  if (!model.startsWith(prefix)) return undefined
  return byModel.get(model) ?? numberedFault(model) ?? { type: 'unknown' }
}

function numberedFault(model: string): Script | undefined {
  const answered = status.exec(model)
  if (answered !== null) {
    const retryAfterS = answered[2] === undefined ? undefined : Number(answered[2])
    return { type: 'status', status: Number(answered[1]), ...(retryAfterS !== undefined && { retryAfterS }) }
  }
  const chance = flaky.exec(model)
  if (chance !== null) return { type: 'flaky', percent: Number(chance[1]), status: 503 }
  const begun = first.exec(model)
  if (begun !== null) return { type: 'first', count: Number(begun[1]), status: Number(begun[2]) }
  const within = middle.exec(model)
  const script = byModel.get(within?.[1] ?? '')
  return script !== undefined && 'after' in script ? { ...script, after: Number(within?.[2]) } : undefined
}
