// Whatever a stream says and wherever it breaks: the client has the whole text and a success, or the beginning of it and an
// error; never anything else.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parts, rounds } from '../support/full-run.ts'
import {
  answerOf,
  clientWires,
  createRepairScene,
  hear,
  providerWires,
  streamOf,
  type ProviderWire,
} from './repair-scene.ts'

const wire = fc.constantFrom<ProviderWire>(...providerWires.filter((name) => name !== 'openai-completions'))

/** Text with what is hard about it: white space, several UTF-16 units to a character, quotes, nothing. */
const piece = fc.oneof(
  fc.constantFrom(
    ' ',
    '\n\n',
    '\t ',
    '🦊',
    '👩‍👩‍👧',
    'Ü',
    '"',
    '\\',
    '\u2028',
    'data: x\n\n',
    '[DONE]',
    '  two',
    'é',
    '\u00a0',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
)

/** One target of the route, after the first. */
const fallback = fc.record({
  wire,
  prefill: fc.boolean(),
  /** What it does when it is asked to continue. */
  refuses: fc.boolean(),
  /** Characters behind which its text is another one; it is the same where this is beyond its end. */
  departsAt: fc.oneof({ arbitrary: fc.constant(Infinity), weight: 3 }, { arbitrary: fc.nat(40), weight: 1 }),
  /** Events behind which it breaks as well. */
  breaksAt: fc.oneof({ arbitrary: fc.constant(Infinity), weight: 2 }, { arbitrary: fc.nat(12), weight: 1 }),
  chunk: fc.integer({ min: 1, max: 9 }),
})

const story = fc.record({
  client: fc.constantFrom(...clientWires),
  mode: fc.constantFrom('continue' as const, 'restart_if_prefix_matches' as const),
  pieces: fc.array(piece, { minLength: 1, maxLength: 8 }),
  first: wire,
  breaksAt: fc.nat(16),
  fallbacks: fc.array(fallback, { minLength: 1, maxLength: 3 }),
})

describe('any stream that breaks', () => {
  it.each(parts(rounds(1000, 150), 200))(
    'ends as the whole text, or as the beginning of it and an error: part %d',
    async (_part, numRuns) => {
      await fc.assert(
        fc.asyncProperty(story, async ({ client, mode, pieces, first, breaksAt, fallbacks }) => {
          const whole = pieces.join('')
          const told = streamOf(first, pieces)
          const ends = [whole, ...fallbacks.map(({ departsAt }) => departing(whole, departsAt))]
          // Whoever goes on can only depart behind what was said, white space at its end included.
          const goneOn = (prefill: string, departsAt: number): string => {
            const said = /^[\s]*/.exec(whole.slice(prefill.length))?.[0].length ?? 0
            const isWhole = whole.startsWith(prefill)
            if (isWhole) return departsAt > prefill.length + said ? departing(whole, departsAt) : whole
            return ends.find((text) => text.startsWith(prefill)) ?? prefill
          }
          const scene = createRepairScene({
            mode,
            targets: [{ name: 't0', wire: first }, ...fallbacks.map((each, at) => ({ name: `t${at + 1}`, ...each }))],
            answer({ name, prefill, wire: spoken }) {
              if (name === 't0')
                return answerOf(first, told.slice(0, breaksAt), breaksAt < told.length ? 'break' : 'close')
              const each = fallbacks[Number(name.slice(1)) - 1]!
              if (prefill !== undefined && each.refuses)
                return {
                  ...answerOf(spoken, []),
                  status: 400,
                  headers: new Headers({ 'content-type': 'application/json' }),
                }
              const said = prefill === undefined ? departing(whole, each.departsAt) : goneOn(prefill, each.departsAt)
              const events = streamOf(spoken, chunked(said.slice(prefill?.length ?? 0), each.chunk))
              return answerOf(spoken, events.slice(0, each.breaksAt), each.breaksAt < events.length ? 'break' : 'close')
            },
          })
          const response = await scene.ask(client)
          if (response.status !== 200) return void expect(response.status).toBeGreaterThanOrEqual(500)
          const heard = await hear(client, response)
          expect(heard.faults).toEqual([])
          expect(heard.end).not.toBe('nothing')
          expect(scene.test.traces).toHaveLength(1)
          expect(scene.test.clock.pending()).toBe(0)
          expect(heard.starts).toBeLessThanOrEqual(1)
          expect(scene.test.app.inFlight()).toBe(0)
          // Another text is only to be had from a target that departs behind what was said.
          if (heard.end === 'success') expect(ends).toContain(heard.text)
          else expect(ends.some((text) => text.startsWith(heard.text))).toBe(true)
        }),
        { numRuns },
      )
    },
  )
})

/** The text, or another one from some place on. */
function departing(text: string, at: number): string {
  return text.length > at ? `${text.slice(0, at)}!?` : text
}

function chunked(text: string, size: number): string[] {
  const points = [...text]
  return Array.from({ length: Math.ceil(points.length / size) }, (_, at) =>
    points.slice(at * size, at * size + size).join(''),
  )
}
