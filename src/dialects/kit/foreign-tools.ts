// Tools of other wires on one that has nothing but functions with object schemas, and the choice among them.
import type { FunctionTool, IrRequest, ToolChoice } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { Ledger } from './ledger.ts'

/** A tool's schema where the wire wants one of an object, and some back ends its properties too. */
export function objectSchema({ schema }: FunctionTool, at: string, ledger: Ledger): Record<string, unknown> {
  if (schema === undefined || schema === null) return { type: 'object', properties: {} }
  if (!isObject(schema) || (schema['type'] ?? 'object') !== 'object') {
    ledger.refuse(at, 'tool parameters that are not an object schema')
    return {}
  }
  return { ...schema, type: 'object', properties: schema['properties'] ?? {} }
}

/** The choice as the wire can say it, under legal names; refused where it forces what cannot be sent. */
export function sayableChoice(
  { toolChoice, tools }: IrRequest,
  hasTools: boolean,
  ledger: Ledger,
): Exclude<ToolChoice, { mode: 'opaque' }> | undefined {
  if (toolChoice === undefined) return undefined
  const named = toolChoice.mode === 'tool' ? toolChoice.name : undefined
  const isGone = tools.some((tool) => tool.type === 'opaque' && (tool.kind === named || nameOf(tool.value) === named))
  const isText = toolChoice.mode === 'tool' && toolChoice.kind === 'custom'
  if (toolChoice.mode === 'opaque' || isText || (named !== undefined && isGone)) {
    ledger.refuse(ledger.paths.toolChoice, 'a choice that this wire has no form for')
    return undefined
  }
  if (!hasTools) {
    // A choice without tools is refused by the API; only one that forces a call means anything.
    if (toolChoice.mode === 'required' || named !== undefined)
      ledger.refuse(ledger.paths.toolChoice, 'a call is forced but no tool can be sent')
    return undefined
  }
  return named === undefined ? toolChoice : { mode: 'tool', name: ledger.toolName(named) }
}

function nameOf(tool: unknown): unknown {
  return isObject(tool) ? tool['name'] : undefined
}
