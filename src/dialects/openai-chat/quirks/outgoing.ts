// A record on its way to the client, and whether it is still what came in.
import type { Frame } from '../../../wire/frame.ts'
import { listOf } from '../../kit/present.ts'
import type { Members } from '../extras.ts'

export interface Outgoing {
  readonly record: Members
  /** The frame it came in; absent once anything about it has changed. */
  readonly frame?: Frame
}

/** The record mended further. */
export function replaced(outgoing: Outgoing, record: Members): Outgoing {
  return record === outgoing.record ? outgoing : { record }
}

export function frameOf({ record, frame }: Outgoing): Frame {
  return frame ?? { data: JSON.stringify(record), value: record }
}

/** Whether a chunk is about the answer as a whole: it has no choice. */
export function isBare({ record }: Outgoing): boolean {
  return listOf(record['choices']).length === 0
}
