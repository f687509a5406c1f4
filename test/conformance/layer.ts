// A layer is a table of named tests over recordings. Owns names, known failures, skips with reasons and the closing count.
import { afterAll, describe, expect, it } from 'vitest'
import { requireShared } from '../support/shared.ts'
import { knownFailures } from './known-failures.ts'

/** Everything instead of a sample. */
export const full: boolean = process.env['SIGNALBOX_TEST'] === 'full'

// Everything takes minutes where two cores are shared.
const timeout = full ? 300_000 : 30_000

export interface Layer {
  /** Registers the test `layer · label`; expected to fail where it is listed as a known failure. */
  check(label: string, run: () => void | Promise<void>): void
  /** Registers a test that is not run, and prints why at the end. */
  skip(label: string, reason: string): void
}

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
    let passed = 0
    let known = 0
    let failed = 0

    register({
      check(label, run) {
        const test = `${name} · ${label}`
        if (labels.has(test)) throw new Error(`two tests are called ${test}`)
        labels.add(test)
        const expected = knownFailures.some((entry) => entry.test === test)
        const body = async (): Promise<void> => {
          try {
            await run()
          } catch (error) {
            if (expected) known++
            else failed++
            throw error
          }
          if (!expected) passed++
        }
        if (expected) it.fails(test, body, timeout)
        else it(test, body, timeout)
      },
      skip(label, reason) {
        skips.set(reason, [...(skips.get(reason) ?? []), label])
        it.skip(`${name} · ${label} (${reason})`)
      },
    })

    it(`${name} · every known failure is a test of this layer`, () => {
      const mine = knownFailures.map((entry) => entry.test).filter((test) => test.startsWith(`${name} · `))
      expect(mine.filter((test) => !labels.has(test))).toEqual([])
    })
    it(`${name} · there is something to test`, () => {
      expect(labels.size).toBeGreaterThan(0)
    })

    afterAll(() => {
      for (const [reason, files] of skips) console.info(`layer ${name}: ${files.length} skipped, ${reason}`)
      const tail = failed === 0 ? '' : `, ${failed} FAILED`
      console.info(`layer ${name}: ${passed} passed, ${known} known failures${tail}`)
    })
  })
}

/** Some of a list, spread evenly, first and last among them. */
export function sample<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items]
  return Array.from({ length: count }, (_, index) => Math.round((index * (items.length - 1)) / (count - 1))).map(
    (at) => items[at] as T,
  )
}
