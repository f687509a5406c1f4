// The table at the end of a run: who met whom, and how it went.
import type { Meeting } from './known-failures.ts'

export type Outcome = 'passed' | 'failed' | 'known'

export interface Tally {
  add(meeting: Meeting, outcome: Outcome, reason?: string): void
  print(): string
}

const letters: Readonly<Record<Outcome, string>> = { passed: '', failed: 'F', known: 'K' }

export function createTally(): Tally {
  const entries: { readonly meeting: Meeting; readonly outcome: Outcome; readonly reason: string | undefined }[] = []

  /** `2` for two that passed, `1 1F` for one that did and one that did not; a dash where there is nothing to try. */
  function cell(row: readonly (typeof entries)[number][]): string {
    if (row.length === 0) return '-'
    return (['passed', 'failed', 'known'] as const)
      .map((outcome) => [row.filter((entry) => entry.outcome === outcome).length, outcome] as const)
      .filter(([count]) => count > 0)
      .map(([count, outcome]) => `${count}${letters[outcome]}`)
      .join(' ')
  }

  function table(): string[][] {
    const unique = (values: readonly string[]): string[] => [...new Set(values)]
    const features = unique(entries.map(({ meeting }) => meeting.feature))
    const pairs = unique(entries.map(({ meeting }) => `${meeting.client}\t${meeting.wire}`))
    const rows = pairs.map((pair) => {
      const ofPair = entries.filter(({ meeting }) => `${meeting.client}\t${meeting.wire}` === pair)
      return [
        ...pair.split('\t'),
        ...features.map((feature) => cell(ofPair.filter(({ meeting }) => meeting.feature === feature))),
      ]
    })
    const sums = features.map((feature) => cell(entries.filter(({ meeting }) => meeting.feature === feature)))
    return [['client', 'provider', ...features], ...rows, ['all', '', ...sums]]
  }

  return {
    add: (meeting, outcome, reason) => void entries.push({ meeting, outcome, reason }),
    print() {
      const lines = table()
      const widths = (lines[0] ?? []).map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
      const text = lines.map((line) =>
        line
          .map((entry, at) => entry.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd(),
      )
      const reasons = new Map<string, number>()
      for (const { reason } of entries) if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      const known = [...reasons].map(([reason, count]) => `${count}K ${reason}`)
      const total = `${entries.length} meetings: ${cell(entries)} (a number: passed, F: failed, K: known to fail, -: nothing to try)`
      return [...text, total, ...known].join('\n')
    },
  }
}
