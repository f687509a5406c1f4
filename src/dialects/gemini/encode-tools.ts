// Tools and the choice among them, encoded: for a foreign request what this wire can say of them, for its own all of it.
import type { FunctionTool, IrRequest, Tool } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { Ledger } from '../kit/ledger.ts'
import { toolPath } from '../kit/client-paths.ts'
import { present } from '../kit/present.ts'
import { compileSchema } from './compile-schema.ts'
import { asideOf, ownMembers, type Members } from './extras.ts'

/** The `tools` of a request of this wire: each entry as it stood, told by the place where its tools were found. */
export function encodeOwnTools(tools: readonly Tool[]): readonly Members[] {
  const entries = new Map<string, Record<string, unknown>>()
  for (const tool of tools) {
    const key = /^tools\[\d+\]/.exec(tool.at ?? '')?.[0] ?? ''
    const entry = entries.get(key) ?? {}
    entries.set(key, entry)
    if (tool.type === 'opaque') Object.assign(entry, tool.value)
    else {
      const declared = (entry['functionDeclarations'] ??= []) as unknown[]
      declared.push(tool.type === 'function' ? ownDeclaration(tool) : { name: tool.name })
    }
  }
  return [...entries.values()]
}

function ownDeclaration(tool: FunctionTool): Members {
  const { schema } = asideOf(tool.extras)
  return {
    ...ownMembers(tool.extras),
    name: tool.name,
    ...present({ description: tool.description }),
    ...(schema === undefined ? present({ parametersJsonSchema: tool.schema }) : { [schema.key]: schema.value }),
  }
}

/** The `tools` and `toolConfig` of a foreign request. */
export function encodeForeignTools(request: IrRequest, ledger: Ledger): Members {
  const declarations = request.tools.flatMap((tool, index) => encodeTool(tool, tool.at ?? `tools[${index}]`, ledger))
  const calling = encodeChoice(request, declarations.length > 0, ledger)
  if (request.parallelToolCalls === false && declarations.length > 0)
    ledger.drop(ledger.paths.parallelToolCalls, 'the model cannot be kept from calling several tools at once')
  return {
    ...(declarations.length > 0 && { tools: [{ functionDeclarations: declarations }] }),
    ...(calling !== undefined && { toolConfig: { functionCallingConfig: calling } }),
  }
}

function encodeTool(tool: Tool, at: string, ledger: Ledger): Members[] {
  switch (tool.type) {
    case 'opaque':
      ledger.drop(at, `the provider has no tool ${tool.kind}`)
      return []
    case 'custom':
      ledger.refuse(at, 'a free-text tool')
      return []
    case 'function':
      return [encodeFunction(tool, at, ledger)]
  }
}

function encodeFunction(tool: FunctionTool, at: string, ledger: Ledger): Members {
  ledger.dropExtras(tool.extras, at)
  ledger.dropCache(tool.cache, at)
  if (tool.strict === true) ledger.drop(toolPath(at, 'strict', ledger.paths), 'arguments are not held to their schema')
  return {
    name: ledger.toolName(tool.name),
    ...present({ description: tool.description }),
    ...encodeParameters(tool.schema, { at: toolPath(at, 'schema', ledger.paths), tool: at }, ledger),
  }
}

function encodeParameters(schema: unknown, place: { at: string; tool: string }, ledger: Ledger): Members {
  if (schema === undefined || schema === null) return {}
  const compiled = compileSchema(schema, place.at, ledger)
  const { type } = compiled
  if (!isObject(schema) || (type !== undefined && type !== 'object')) {
    ledger.refuse(place.tool, 'tool parameters that are not an object schema')
    return {}
  }
  return { parametersJsonSchema: { type: 'object', properties: {}, ...compiled } }
}

function encodeChoice(request: IrRequest, hasTools: boolean, ledger: Ledger): Members | undefined {
  const { toolChoice: choice } = request
  const path = ledger.paths.toolChoice
  if (choice === undefined) return undefined
  if (choice.mode === 'opaque' || (choice.mode === 'tool' && !isSent(request, choice.name))) {
    ledger.refuse(path, 'a choice that this wire has no form for')
    return undefined
  }
  if (!hasTools) {
    // Without tools only a choice that forces a call means anything.
    if (choice.mode === 'required' || choice.mode === 'tool')
      ledger.refuse(path, 'a call is forced but no tool can be sent')
    return undefined
  }
  switch (choice.mode) {
    case 'auto':
      return { mode: 'AUTO' }
    case 'none':
      return { mode: 'NONE' }
    case 'required':
      return { mode: 'ANY' }
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [ledger.toolName(choice.name)] }
  }
}

/** Whether a tool that is chosen by name goes to the provider; one that nobody offered is the provider's to refuse. */
function isSent({ tools }: IrRequest, name: string): boolean {
  if (tools.some((tool) => tool.type === 'function' && tool.name === name)) return true
  return !tools.some((tool) => tool.type !== 'function')
}
