// The header that names what a request lost: short for many losses of a kind, and never cut in the middle of a word.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lossHeader, lossHeaderLimit } from '../../src/engine/respond.ts'
import type { Loss } from '../../src/ir/loss.ts'

const loss = (path: string, action: Loss['action'] = 'dropped'): Loss => ({ path, action, reason: 'a test' })
const textOf = (losses: readonly Loss[]): string | undefined => lossHeader(losses)['x-signalbox-losses']

describe('x-signalbox-losses', () => {
  it('is not there where nothing was lost', () => {
    expect(lossHeader([])).toEqual({})
  })

  it('names each loss with its path', () => {
    expect(textOf([loss('messages[0].content[1]'), loss('stop', 'approximated')])).toBe(
      'messages[0].content[1] dropped, stop approximated',
    )
  })

  it('counts the same loss at many places once', () => {
    const names = Array.from({ length: 12 }, (_, index) => loss(`messages[${index}].name`))
    expect(textOf([loss('seed'), ...names])).toBe('seed dropped, messages[*].name dropped (12)')
    expect(textOf([loss('messages[0].name'), loss('messages[1].name', 'approximated')])).toBe(
      'messages[0].name dropped, messages[1].name approximated',
    )
  })

  it('ends with a count where not everything fits', () => {
    const many = Array.from({ length: 500 }, (_, index) => loss(`member_${index}`))
    const text = textOf(many) ?? ''
    expect(text.length).toBeLessThanOrEqual(lossHeaderLimit)
    const [, shown = '', left] = /^(.*) and (\d+) more$/.exec(text) ?? []
    const entries = shown.split(', ')
    expect(entries.every((entry) => /^member_\d+ dropped$/.test(entry))).toBe(true)
    expect(entries.length + Number(left)).toBe(500)
    // As much as fits: one more entry would not have.
    expect(text.length).toBeGreaterThan(lossHeaderLimit - 20)
  })

  it('counts everything, fits, and is printable, whatever was lost', () => {
    const path = fc.oneof(
      fc.string({ maxLength: 600, unit: 'grapheme' }).map((text) => text.replaceAll(/[,()]| and \d/g, '')),
      fc.nat(40).map((index) => `messages[${index}].content[${index % 3}].x`),
      fc.nat(400).map((index) => `extra_${index}`),
    )
    fc.assert(
      fc.property(
        fc.array(
          path.map((text) => loss(text)),
          { minLength: 1, maxLength: 300 },
        ),
        (losses) => {
          const text = textOf(losses) ?? ''
          expect(text.length).toBeLessThanOrEqual(lossHeaderLimit)
          expect(text).toMatch(/^[\x20-\x7e]*$/)
          expect(/ dropped(?: \(\d+\))?(?: and \d+ more)?$/.test(text) || text.length >= 256).toBe(true)
        },
      ),
    )
  })
})
