// How one wire spells the mock's answer.
import type { MockAnswer } from './answer.ts'

/** A stream in four pieces, each one or more whole events; faults are cut between them. */
export interface MockStream {
  readonly start: string
  readonly content: readonly string[]
  readonly end: string
  readonly error: string
}

export interface MockWire {
  json(answer: MockAnswer): object
  stream(answer: MockAnswer, body: Record<string, unknown>): MockStream
  error(status: number): object
}
