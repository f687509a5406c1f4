// Tools and tool choice, both ways and one to one. Judges nothing: encode-foreign.ts does.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html
import type { FunctionTool, Tool, ToolChoice } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import { present, textOf } from '../kit/present.ts'
import { decodeCache } from './decode-content.ts'
import { encodeCache, type WireBlock } from './encode-content.ts'
import { leftOver, objectOf, overlay, pack, saidOf, type Members } from './extras.ts'
import type { Fault } from '../kit/shape.ts'
import { readTool } from './schema.ts'

/** Decodes the tool list. A system tool is the provider's own and travels whole. */
export function decodeTools(tools: readonly Members[], faults: Fault[]): Tool[] {
  const decoded: Tool[] = []
  for (const [index, tool] of tools.entries()) {
    const at = `toolConfig.tools[${index}]`
    const before = decoded.at(-1)
    if (isObject(tool['cachePoint']) && before?.type === 'function' && before.cache === undefined)
      decoded[decoded.length - 1] = { ...before, cache: decodeCache(tool['cachePoint'], at) }
    else if (isObject(tool['toolSpec'])) decoded.push(...decodeTool(tool, at, faults))
    else decoded.push({ type: 'opaque', kind: kindOf(tool), value: tool, at })
  }
  return decoded
}

// A system tool is chosen by its name.
function kindOf(tool: Members): string {
  return textOf(objectOf(tool['systemTool'])['name']) ?? Object.keys(tool)[0] ?? 'unknown'
}

function decodeTool(value: Members, at: string, faults: Fault[]): Tool[] {
  const reading = readTool(value['toolSpec'])
  if (!reading.ok) {
    faults.push({ at: `${at}.toolSpec${reading.fault.at}`, message: reading.fault.message })
    return []
  }
  const tool = reading.value
  const inputSchema = leftOver(tool.inputSchema, ['json'])
  const toolSpec = {
    ...leftOver(tool, ['name', 'description', 'inputSchema', 'strict']),
    ...(inputSchema && { inputSchema }),
  }
  const rest = { ...leftOver(value, ['toolSpec']), ...(Object.keys(toolSpec).length > 0 && { toolSpec }) }
  return [
    {
      type: 'function',
      name: tool.name,
      at,
      ...present({
        description: tool.description ?? undefined,
        schema: tool.inputSchema?.json,
        strict: tool.strict ?? undefined,
        extras: pack(rest),
      }),
    },
  ]
}

/** Tools that came from this wire, each with its cache point behind it. */
export function encodeOwnTools(tools: readonly Tool[]): WireBlock[] {
  return tools.flatMap((tool): WireBlock[] => {
    switch (tool.type) {
      case 'function':
        return [overlay(encodeTool(tool), saidOf(tool.extras)), ...(tool.cache ? [encodeCache(tool.cache)] : [])]
      case 'opaque':
        return isObject(tool.value) ? [tool.value] : []
      case 'custom':
        // Not of this wire, so not from it either.
        return []
    }
  })
}

/** The wire form of a client's tool, without extras and cache point. */
export function encodeTool({ name, description, schema, strict }: FunctionTool): WireBlock {
  return {
    toolSpec: {
      name,
      ...present({ description, inputSchema: schema === undefined ? undefined : { json: schema }, strict }),
    },
  }
}

/** Decodes a choice; a form that is not known here travels whole. */
export function decodeToolChoice(choice: Members): ToolChoice {
  const [kind = 'unknown'] = Object.keys(choice)
  const name = textOf(objectOf(choice['tool'])['name'])
  if (Object.keys(choice).length === 1) {
    if (kind === 'auto') return { mode: 'auto' }
    if (kind === 'any') return { mode: 'required' }
    if (kind === 'tool' && name !== undefined) return { mode: 'tool', name }
  }
  return { mode: 'opaque', kind, value: choice }
}

/** Encodes a choice; undefined for none, which this wire cannot say. An opaque one is taken to be this wire's. */
export function encodeToolChoice(choice: ToolChoice): WireBlock | undefined {
  switch (choice.mode) {
    case 'auto':
      return { auto: {} }
    case 'none':
      return undefined
    case 'required':
      return { any: {} }
    case 'tool':
      return { tool: { name: choice.name } }
    case 'opaque':
      return isObject(choice.value) ? choice.value : undefined
  }
}
