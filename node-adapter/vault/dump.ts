// All entries of a vault as one text, which only ever exists encrypted on disk.
import { usageFailure } from '../cli/failure.ts'
import { Secret } from '../../src/ir/secret.ts'
import { vaultNameProblem, vaultValueProblem } from '../../src/sealing/vault.ts'
import { isObject, parseJson } from '../../src/wire/json-parse.ts'

const formVersion = 1

/** The entries as JSON. */
export function writeDump(entries: readonly Secret[], now: Date): string {
  const values = Object.fromEntries(entries.map((entry) => [entry.name, entry.reveal()]))
  return `${JSON.stringify({ signalbox_vault: formVersion, exported_at: now.toISOString(), entries: values }, null, 2)}\n`
}

/** The entries of a dump, all of them usable. Throws a usage failure that quotes names and no values. */
export function readDump(text: string): readonly Secret[] {
  const dump = parseJson(text)
  const entries = isObject(dump) ? dump['entries'] : undefined
  if (!isObject(dump) || !isObject(entries)) throw usageFailure('invalid_dump', 'this is no export of a vault')
  if (dump['signalbox_vault'] !== formVersion)
    throw usageFailure('invalid_dump', 'this export was made by a newer version of Signalbox')
  return Object.entries(entries).map(([name, value]) => checkedEntry(name, value))
}

/** `name=record` lines, or a JSON object of them: what another gateway sealed. */
export function readRecords(text: string): ReadonlyMap<string, string> {
  const value = parseJson(text)
  if (isObject(value)) {
    const records = Object.entries(value)
    const wrong = records.find(([, record]) => typeof record !== 'string')
    if (wrong !== undefined) throw usageFailure('invalid_records', `${JSON.stringify(wrong[0])} is no text`)
    return new Map(records.map(([name, record]) => [name, String(record)]))
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'))
  return new Map(lines.map(recordOf))
}

function recordOf(line: string, index: number): [string, string] {
  const [, name, record] = /^([\w.:@/-]+)(?:\s*=\s*|\s+)(\S+)$/.exec(line.trim()) ?? []
  if (name === undefined || record === undefined)
    throw usageFailure('invalid_records', `line ${index + 1} is not name=record`)
  return [name, record]
}

/** Whether two secrets have the same value. */
export function haveSameValue(one: Secret, other: Secret): boolean {
  return one.reveal() === other.reveal()
}

/** A name and a value that the vault takes. Throws a usage failure. */
export function checkedEntry(name: string, value: unknown): Secret {
  const secret = new Secret(name, typeof value === 'string' ? value : '')
  const problem = vaultNameProblem(name) ?? vaultValueProblem(secret)
  if (problem === undefined) return secret
  throw usageFailure('invalid_dump', `entry ${JSON.stringify(name.slice(0, 128))}: ${problem.message}`)
}
