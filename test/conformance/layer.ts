// A layer is a table of named tests over recordings. Owns names, known failures, skips with reasons and the counts that
// the summary at the end of the run adds up.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { full } from '../support/full-run.ts'
import { requireShared } from '../support/shared.ts'
import { isKnownFailure, unknownEntries } from './known-failures.ts'
import { countsFolder, type About, type Count, type Verdict } from './layer-counts.ts'

// Everything takes minutes where two cores are shared.
const timeout = full ? 300_000 : 30_000

export interface Layer {
  /** Registers the test `layer · label`; expected to fail where it is listed as a known failure. */
  check(label: string, about: About, run: () => void | Promise<void>): void
  /** Registers a test that is not run, and prints why at the end. */
  skip(label: string, about: About, reason: string): void
}

/** Thrown by a test that finds out that there is nothing to test; the reason is printed at the end. */
export class Nothing extends Error {}

export interface LayerOptions {
  /** False for a layer that makes its own input. */
  readonly recordings: boolean
}

/** Registers the tests of one layer. Without the shared folder there is nothing to test: said once, failing under CI=true. */
export function layer(
  name: string,
  register: (layer: Layer) => void,
  options: LayerOptions = { recordings: true },
): void {
  describe(name, () => {
    if (options.recordings && !requireShared(`conformance layer ${name}`)) {
      it.skip('needs the shared folder')
      return
    }
    const labels = new Set<string>()
    const skips = new Map<string, string[]>()
    const counts: Count[] = []
    const noteSkip = (label: string, about: About, reason: string): void => {
      counts.push({ ...about, verdict: 'skipped' })
      skips.set(reason, [...(skips.get(reason) ?? []), label])
    }

    register({
      check(label, about, run) {
        const test = `${name} · ${label}`
        if (labels.has(test)) throw new Error(`two tests are called ${test}`)
        labels.add(test)
        const expected = isKnownFailure(test)
        const body = async (context: { skip: (reason: string) => void }): Promise<void> => {
          try {
            await run()
          } catch (error) {
            if (error instanceof Nothing) {
              noteSkip(label, about, error.message)
              context.skip(error.message)
              return
            }
            counts.push({ ...about, verdict: expected ? 'known' : 'failed' })
            throw error
          }
          counts.push({ ...about, verdict: expected ? 'failed' : 'passed' })
        }
        if (expected) it.fails(test, body, timeout)
        else it(test, body, timeout)
      },
      skip(label, about, reason) {
        noteSkip(label, about, reason)
        it.skip(`${name} · ${label} (${reason})`)
      },
    })

    it(`${name} · every known failure is a test of this layer`, () => {
      expect(unknownEntries(name, [...labels])).toEqual([])
    })
    it(`${name} · there is something to test`, () => {
      expect(labels.size).toBeGreaterThan(0)
    })

    afterAll(() => {
      for (const [reason, files] of skips) console.info(`layer ${name}: ${files.length} skipped, ${reason}`)
      report(name, counts)
    })
  })
}

function report(name: string, counts: readonly Count[]): void {
  const of = (verdict: Verdict): number => counts.filter((count) => count.verdict === verdict).length
  const tail = of('failed') === 0 ? '' : `, ${of('failed')} FAILED`
  console.info(`layer ${name}: ${of('passed')} passed, ${of('known')} known failures${tail}`)
  const folder = process.env[countsFolder]
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ name, counts }))
}
