// What a case of the matrix is, and what several of them look at.
import { expect } from 'vitest'
import type { Scene } from '../scene.ts'
import type { Heard, SdkClient } from '../sdk-client.ts'
import type { ScriptedCall, Seen, Wire } from '../wires/wire.ts'

export interface Case {
  /** Its column in the table. */
  readonly feature: string
  readonly title: string
  /** Absent: streamed and whole. */
  readonly only?: 'streamed' | 'whole'
  /** Absent: everywhere. */
  readonly applies?: (client: SdkClient, wire: Wire) => boolean
  run(scene: Scene): Promise<void>
}

/** Both sides hold conversations, and not just continue a text. */
export function converse({ abilities: client }: SdkClient, { abilities: wire }: Wire): boolean {
  return client.converses && wire.converses
}

/** Calls of the one tool, under the ids that the wire gives; without a city one without arguments. */
export function callsOf({ abilities: { ids } }: Wire, cities: readonly (string | undefined)[]): ScriptedCall[] {
  return cities.map((city, index) => ({
    id: ids[index] ?? '',
    name: 'get_weather',
    input: city === undefined ? {} : { city },
  }))
}

/** Calls arrive as they were made, under the provider's ids; where it has none, under ids that tell them apart. */
export function expectCalls(heard: Heard, made: readonly ScriptedCall[], { client, wire }: Scene): void {
  expect(heard.finish).toBe('tool')
  expect(heard.calls.map(({ name, input }) => ({ name, input }))).toEqual(
    made.map(({ name, input }) => ({ name, input })),
  )
  const ids = heard.calls.map(({ id }) => id)
  if (wire.abilities.ids.length > 0) expect(ids).toEqual(made.map(({ id }) => id))
  // On Gemini's own wire calls without ids are nothing unusual.
  else if (client.dialect !== wire.dialect) {
    expect(ids).not.toContain('')
    expect(new Set(ids).size).toBe(ids.length)
  }
}

/** The calls come back with what their tools said, in order, each result under its call. */
export function expectResults(
  seen: Seen,
  made: readonly ScriptedCall[],
  { results, wire }: { results: string[]; wire: Wire },
): void {
  expect(seen.calls.map(({ name, input }) => ({ name, input }))).toEqual(
    made.map(({ name, input }) => ({ name, input })),
  )
  expect(seen.results).toHaveLength(results.length)
  seen.results.forEach(({ text }, index) => expect(text).toContain(results[index]))
  expect(seen.resultTurns).toBe(1)
  if (wire.abilities.ids.length > 0) {
    expect(seen.calls.map(({ id }) => id)).toEqual(made.map(({ id }) => id))
    expect(seen.results.map(({ id }) => id)).toEqual(made.map(({ id }) => id))
  } else expect(seen.results.map(({ name }) => name)).toEqual(made.map(({ name }) => name))
}

/** What a promise fails with. Fails where it does not. */
export async function rejection(asked: Promise<unknown>): Promise<unknown> {
  try {
    await asked
  } catch (cause) {
    return cause
  }
  throw new Error('it did not fail')
}
