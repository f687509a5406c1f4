// Several calls that a model wrapped into a single one: `multi_tool_use.parallel`, a tool that no client has and that
// leaks from training. Owns taking it apart; a call that does not look like it in every member stays what it is.
import type { ToolCallPart } from '../../ir/content.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import { textOf } from '../kit/present.ts'
import { packOwn, type Members } from './extras.ts'

const wrapperNames: ReadonlySet<string> = new Set(['parallel', 'multi_tool_use.parallel'])
const prefix = 'functions.'

/** Whether a call of this name may be a wrapper. */
export function isWrapperName(name: unknown): boolean {
  return typeof name === 'string' && wrapperNames.has(name)
}

/** The calls inside a wrapper; undefined where the item is none. Their ids are the wrapper's, numbered. */
export function unwrapCalls(item: Members, key: number): ToolCallPart[] | undefined {
  if (item['type'] !== 'function_call' || !isWrapperName(item['name'])) return undefined
  const input = typeof item['arguments'] === 'string' ? parseJson(item['arguments']) : undefined
  const uses: unknown = isObject(input) && Object.keys(input).length === 1 ? input['tool_uses'] : undefined
  if (!Array.isArray(uses) || uses.length === 0) return undefined
  const id = textOf(item['call_id']) ?? `call_${key}`
  const calls: ToolCallPart[] = []
  for (const [position, use] of (uses as unknown[]).entries()) {
    const called = isObject(use) ? textOf(use['recipient_name']) : undefined
    const parameters = isObject(use) ? use['parameters'] : undefined
    if (called === undefined || !called.startsWith(prefix) || called === prefix || !isObject(parameters))
      return undefined
    calls.push({
      type: 'tool-call',
      id: `${id}_${position}`,
      name: called.slice(prefix.length),
      input: JSON.stringify(parameters),
      extras: packOwn({}, { wrapped: { position, item } }),
    })
  }
  return calls
}
