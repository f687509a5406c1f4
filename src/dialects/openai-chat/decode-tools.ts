// Tools and the choice among them, into canonical form. Reads both spellings: `tools`, and `functions` from before.
import type { FunctionTool, Tool, ToolChoice } from '../../ir/request.ts'
import { extrasOf, pack, unknownMembers, type Aside, type Members } from './extras.ts'
import { decodeCache } from './content.ts'
import { present } from '../kit/present.ts'
import type { FunctionShape, RequestShape, ToolShape } from './schema.ts'

const toolMembers = new Set(['type', 'function', 'cache_control', 'prompt_cache_breakpoint'])
const functionMembers = new Set(['name', 'description', 'parameters', 'strict'])
const customMembers = new Set(['name', 'description', 'format'])

/** All tools of a request, in order; a provider's own tool travels whole. */
export function decodeTools(request: RequestShape): Tool[] {
  const tools = (request.tools ?? []).map((tool, index) => decodeTool(tool, `tools[${index}]`))
  const functions = (request.functions ?? []).map((shape, index) =>
    functionTool(shape, {}, `functions[${index}]`, { legacy: true }),
  )
  return [...tools, ...functions]
}

/** The path of the first tool that lacks the record its type promises; undefined where all have it. */
export function incompleteTool(request: RequestShape): string | undefined {
  const index = (request.tools ?? []).findIndex(
    (tool) => (tool.type === 'function' && !tool.function) || (tool.type === 'custom' && !tool.custom),
  )
  return index < 0 ? undefined : `tools[${index}].${request.tools?.[index]?.type}`
}

function decodeTool(tool: ToolShape, at: string): Tool {
  if ((tool.type ?? 'function') === 'function' && tool.function) return functionTool(tool.function, tool, at)
  if (tool.type !== 'custom' || !tool.custom) return { type: 'opaque', kind: tool.type ?? 'unknown', value: tool, at }
  const { said } = unknownMembers(tool, new Set(['type', 'custom']))
  const inner = unknownMembers(tool.custom, customMembers).said
  return {
    type: 'custom',
    name: tool.custom.name,
    at,
    ...present({
      description: tool.custom.description ?? undefined,
      format: tool.custom.format ?? undefined,
      extras: pack(nested(said, 'custom', inner)),
    }),
  }
}

function functionTool(shape: FunctionShape, tool: Members, at: string, unseen: Aside = {}): FunctionTool {
  const inner = unknownMembers(shape, functionMembers)
  const rest = Object.fromEntries(Object.entries(tool).filter(([key]) => !toolMembers.has(key)))
  return {
    type: 'function',
    name: shape.name,
    at,
    ...present({
      description: shape.description ?? undefined,
      schema: shape.parameters ?? undefined,
      strict: shape.strict ?? undefined,
      cache: decodeCache(tool, at),
      extras: extrasOf(nested(rest, 'function', { ...inner.silent, ...inner.said }), new Set(), unseen),
    }),
  }
}

function nested(members: Members, key: string, inner: Members): Members {
  return Object.keys(inner).length > 0 ? { ...members, [key]: inner } : members
}

/** The choice among tools; undefined where none was made. */
export function decodeToolChoice(request: RequestShape): ToolChoice | undefined {
  const choice = request.tool_choice
  if (choice === undefined || choice === null) return legacyChoice(request.function_call)
  if (typeof choice === 'string') return mode(choice)
  if (choice.type === 'function' && choice.function) return { mode: 'tool', name: choice.function.name }
  if (choice.type === 'custom' && choice.custom) return { mode: 'tool', name: choice.custom.name, kind: 'custom' }
  return { mode: 'opaque', kind: choice.type, value: choice }
}

function legacyChoice(choice: RequestShape['function_call']): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  return typeof choice === 'string' ? mode(choice) : { mode: 'tool', name: choice.name }
}

function mode(word: string): ToolChoice {
  switch (word) {
    case 'auto':
    case 'none':
    case 'required':
      return { mode: word }
    // Mistral's word.
    case 'any':
      return { mode: 'required' }
    default:
      return { mode: 'opaque', kind: word, value: word }
  }
}
