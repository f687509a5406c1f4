// Tools and the choice among them, into canonical form.
import type { Tool, ToolChoice } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import { present } from '../kit/present.ts'
import { pack, silently, unknownMembers } from './extras.ts'
import type { RequestShape, ToolShape } from './schema.ts'

const functionMembers = new Set(['type', 'name', 'description', 'parameters', 'strict'])
const customMembers = new Set(['type', 'name', 'description', 'format'])

/** All tools of a request, in order; a provider's own tool, and a namespace of tools, travels whole. */
export function decodeTools(tools: RequestShape['tools']): Tool[] {
  return (tools ?? []).map((tool, index) => decodeTool(tool, `tools[${index}]`))
}

/** The path of the first tool that lacks its name; undefined where all have it. */
export function namelessTool(tools: RequestShape['tools']): string | undefined {
  const index = (tools ?? []).findIndex(({ type, name }) => (type === 'function' || type === 'custom') && !name)
  return index < 0 ? undefined : `tools[${index}].name`
}

function decodeTool(tool: ToolShape, at: string): Tool {
  const { type } = tool
  const name = tool.name ?? ''
  const base = { name, at, ...present({ description: tool.description ?? undefined }) }
  if (type === 'function') {
    const { said, silent } = unknownMembers(tool, functionMembers)
    return {
      type,
      ...base,
      ...present({
        schema: tool['parameters'] ?? undefined,
        strict: tool.strict ?? undefined,
        extras: pack(said, silently(silent)),
      }),
    }
  }
  if (type !== 'custom') return { type: 'opaque', kind: type, value: tool, at }
  const { said, silent } = unknownMembers(tool, customMembers)
  const format = decodeFormat(tool['format'])
  return { type, ...base, ...present({ format, extras: pack(said, silently(silent)) }) }
}

/** A grammar lies one level deeper in the canonical record, as Chat Completions has it. */
function decodeFormat(format: unknown): unknown {
  if (!isObject(format) || format['type'] !== 'grammar') return format ?? undefined
  const { type, ...grammar } = format
  return { type, grammar }
}

/** The format of a custom tool as this wire has it. */
export function encodeFormat(format: unknown): unknown {
  if (!isObject(format) || !isObject(format['grammar'])) return format
  const { grammar, ...rest } = format
  return { ...rest, ...grammar }
}

/** The choice among tools; undefined where none was made. */
export function decodeToolChoice(choice: RequestShape['tool_choice']): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  if (typeof choice === 'string')
    return choice === 'auto' || choice === 'none' || choice === 'required'
      ? { mode: choice }
      : { mode: 'opaque', kind: choice, value: choice }
  const plain = Object.keys(choice).length === 2 && choice.name
  if (choice.type === 'function' && plain) return { mode: 'tool', name: choice.name ?? '' }
  if (choice.type === 'custom' && plain) return { mode: 'tool', name: choice.name ?? '', kind: 'custom' }
  return { mode: 'opaque', kind: choice.type, value: choice }
}
