// One content block on its way to a part: where it stands, and what of it nobody else keeps. Owns nothing of its meaning.
import type { OpaquePart, PartBase } from '../../ir/content.ts'
import { present } from '../kit/present.ts'
import { leftOver, pack, type Members } from './extras.ts'
import type { Fault } from '../kit/shape.ts'
import type { Kind } from './schema.ts'

/** Where blocks stand: whose words they are decides what a tool's result is. */
export interface Place {
  readonly at: string
  readonly role: 'user' | 'assistant' | 'system'
}

export interface Source extends Place {
  readonly block: Members
  readonly faults: Fault[]
}

/** A block that only this wire understands, whole. */
export function decodeOpaque({ block, at }: Source, kind: string = Object.keys(block)[0] ?? 'unknown'): OpaquePart {
  return { type: 'opaque', kind, value: block, at }
}

/**
 * What every part has besides its content.
 * @param rest members of the block's own record without a canonical name
 * @param silent what means nothing elsewhere
 */
export function base({ block, at }: Source, kind: Kind, rest?: Members, silent: Members = {}): PartBase {
  const inner = rest === undefined || Object.keys(rest).length === 0 ? undefined : { [kind]: rest }
  return { at, ...present({ extras: pack({ ...leftOver(block, [kind]), ...inner }, silent) }) }
}
