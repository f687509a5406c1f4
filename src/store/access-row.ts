// The shape in which every driver keeps a row of the access audit.
import type { AccessRow } from '../ports/index.ts'
import { storedId } from './trace-row.ts'

/** A row in its stored shape: texts of at most 128 units, whole numbers. Never throws. */
export function storedAccess(source: Readonly<Partial<Record<keyof AccessRow, unknown>>>): AccessRow {
  return {
    at: whole(source.at),
    credential: text(source.credential),
    source: text(source.source),
    reason: text(source.reason),
    outcome: text(source.outcome),
    durationMs: whole(source.durationMs),
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? storedId(value) : ''
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || Number.isNaN(value)) return 0
  return Math.min(Math.max(Math.round(value), 0), Number.MAX_SAFE_INTEGER)
}
