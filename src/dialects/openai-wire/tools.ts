// What the wires of OpenAI demand of tools that other wires do not.
import type { IrRequest, Tool, ToolChoice } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { Ledger } from '../kit/ledger.ts'

/** A schema as OpenAI takes it: one of an object has to list its properties, even none. */
export function withProperties(schema: unknown): unknown {
  return isObject(schema) && schema['type'] === 'object' && !('properties' in schema)
    ? { ...schema, properties: {} }
    : schema
}

/** Refuses a request that forces a call where none of its tools can be sent. */
export function refuseForced({ tools, toolChoice }: IrRequest, ledger: Ledger): void {
  const forced = toolChoice?.mode === 'required' || toolChoice?.mode === 'tool'
  if (tools.length > 0 && forced)
    ledger.refuse(ledger.paths.toolChoice, 'none of the tools that must be called can be sent')
}

/** Refuses the choice of a tool that is the provider's own elsewhere. */
export function refuseUnknown({ name }: ToolChoice & { mode: 'tool' }, tools: readonly Tool[], ledger: Ledger): void {
  const known = tools.some((tool) => tool.type !== 'opaque' && tool.name === name)
  if (!ledger.own && !known && tools.some((tool) => tool.type === 'opaque'))
    ledger.refuse(ledger.paths.toolChoice, `the provider has no tool ${name}`)
}
