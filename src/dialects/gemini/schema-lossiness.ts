// How much of a schema's meaning goes with a keyword that this wire does not have.
import type { Loss } from '../../ir/loss.ts'

export type Lossiness = NonNullable<Loss['lossiness']>

/** Keywords that only describe: no answer becomes wrong without them. */
const hints: ReadonlySet<string> = new Set([
  '$schema',
  '$comment',
  '$vocabulary',
  'default',
  'example',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'contentEncoding',
  'contentMediaType',
  'title',
])

/** Keywords that decide which shapes fit: without them a wholly different answer may come. */
const shapes: ReadonlySet<string> = new Set([
  'not',
  'if',
  'then',
  'else',
  'patternProperties',
  'propertyNames',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
  'contains',
  'unevaluatedItems',
  'unevaluatedProperties',
  '$ref',
  '$dynamicRef',
  '$recursiveRef',
])

/** `medium` for everything that narrows a value within its shape: lengths, patterns, steps, counts, and what is new. */
export function lossinessOf(keyword: string): Lossiness {
  if (hints.has(keyword) || keyword.startsWith('x-')) return 'low'
  return shapes.has(keyword) ? 'high' : 'medium'
}
