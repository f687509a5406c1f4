// F-01 to F-30: what a provider does before there is any content.
import type { FaultRow } from './catalogue.ts'
import { connectionRows } from './connection-rows.ts'
import { refusalRows } from './refusal-rows.ts'

/** All of them, in order. */
export const upstreamRows: readonly FaultRow[] = [...connectionRows, ...refusalRows]
