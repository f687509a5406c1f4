// The table at the end of a run: who met whom, and how it went.
import type { Meeting } from './known-failures.ts'

export type Outcome = 'passed' | 'failed' | 'known'

export interface Tally {
  /** `reason`: why the meeting is known to fail. */
  add(meeting: Meeting, outcome: Outcome, reason?: string): void
  failed(): boolean
  print(): string
}

interface Entry {
  readonly meeting: Meeting
  readonly outcome: Outcome
  readonly reason: string | undefined
}

const marks = [
  ['passed', ''],
  ['failed', 'F'],
  ['known', 'K'],
] as const

/** The names of what may meet, in the order that the table has them. */
export interface Names {
  readonly clients: readonly string[]
  readonly wires: readonly string[]
  readonly features: readonly string[]
}

/** An empty tally. */
export function createTally({ clients, wires, features }: Names): Tally {
  const entries: Entry[] = []

  function row(head: readonly string[], isIn: (meeting: Meeting) => boolean): string[] {
    const own = entries.filter(({ meeting }) => isIn(meeting))
    return [...head, ...features.map((feature) => cell(own.filter(({ meeting }) => meeting.feature === feature)))]
  }

  return {
    add: (meeting, outcome, reason) => void entries.push({ meeting, outcome, reason }),
    failed: () => entries.some(({ outcome }) => outcome === 'failed'),
    print() {
      const rows = clients.flatMap((client) =>
        wires.map((wire) => row([client, wire], (meeting) => meeting.client === client && meeting.wire === wire)),
      )
      const table = [['client', 'provider', ...features], ...rows, row(['all', ''], () => true)]
      const total = `${entries.length} meetings: ${cell(entries)} (a number: passed, F: failed, K: known to fail, -: nothing to try)`
      return [...aligned(table), total, ...reasonsOf(entries)].join('\n')
    },
  }
}

/** `2` for two that passed, `1 1F` for one that did and one that did not. */
function cell(entries: readonly Entry[]): string {
  if (entries.length === 0) return '-'
  return marks
    .map(([outcome, mark]) => [entries.filter((entry) => entry.outcome === outcome).length, mark] as const)
    .filter(([count]) => count > 0)
    .map(([count, mark]) => `${count}${mark}`)
    .join(' ')
}

function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0)))
  return table.map((line) =>
    line
      .map((entry, at) => entry.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function reasonsOf(entries: readonly Entry[]): string[] {
  const reasons = entries.flatMap(({ reason }) => (reason === undefined ? [] : [reason]))
  return unique(reasons).map((reason) => `${reasons.filter((other) => other === reason).length}K ${reason}`)
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
