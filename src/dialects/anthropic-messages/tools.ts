// Tools and tool choice, both ways and one to one. Judges nothing: encode-foreign.ts does.
import type { FunctionTool, Tool, ToolChoice } from '../../ir/request.ts'
import { extrasOf, ownMembers } from './extras.ts'
import { decodeCache, encodeCache, type WireBlock } from './content.ts'
import { present } from '../kit/present.ts'
import type { Fault } from '../kit/shape.ts'
import { readFunctionTool, type RequestShape } from './schema.ts'

/** Decodes the tool list. A typed tool is the provider's own and travels whole. */
export function decodeTools(tools: RequestShape['tools'], faults: Fault[]): Tool[] {
  return (tools ?? [])
    .map((tool, index) => decodeTool(tool, `tools[${index}]`, faults))
    .filter((tool) => tool !== undefined)
}

function decodeTool(value: NonNullable<RequestShape['tools']>[number], at: string, faults: Fault[]): Tool | undefined {
  const type = value.type ?? 'custom'
  if (type !== 'custom') return { type: 'opaque', kind: type, value, at }
  const reading = readFunctionTool(value)
  if (!reading.ok) {
    faults.push({ at: at + reading.fault.at, message: reading.fault.message })
    return undefined
  }
  const tool = reading.value
  return {
    type: 'function',
    name: tool.name,
    at,
    ...present({
      description: tool.description ?? undefined,
      schema: tool.input_schema ?? undefined,
      strict: tool.strict ?? undefined,
      cache: decodeCache(tool.cache_control, at),
      extras: extrasOf(
        tool,
        ['type', 'name', 'description', 'input_schema', 'strict', 'cache_control'],
        // `custom` is what a tool without a type is.
        value.type === 'custom' ? { type: 'custom' } : {},
      ),
    }),
  }
}

/** The wire form of a client's tool, with everything it holds. */
export function encodeFunctionTool(tool: FunctionTool): WireBlock {
  return {
    ...ownMembers(tool.extras),
    name: tool.name,
    ...present({
      description: tool.description,
      input_schema: tool.schema,
      strict: tool.strict,
      cache_control: tool.cache === undefined ? undefined : encodeCache(tool.cache),
    }),
  }
}

/** Decodes `tool_choice`; a form that is not known here travels whole. */
export function decodeToolChoice(choice: NonNullable<RequestShape['tool_choice']>): ToolChoice {
  switch (choice.type) {
    case 'auto':
    case 'none':
      return { mode: choice.type }
    case 'any':
      return { mode: 'required' }
    case 'tool':
      return { mode: 'tool', name: choice.name ?? '' }
    default:
      return { mode: 'opaque', kind: choice.type, value: choice }
  }
}

/** Encodes `tool_choice`; an opaque one is taken to be this dialect's. */
export function encodeToolChoice(choice: ToolChoice): WireBlock {
  switch (choice.mode) {
    case 'auto':
    case 'none':
      return { type: choice.mode }
    case 'required':
      return { type: 'any' }
    case 'tool':
      return { type: 'tool', name: choice.name }
    case 'opaque':
      return choice.value as WireBlock
  }
}
