// Canonical tools and the choice among them, for this wire.
import type { IrRequest, Tool, ToolChoice } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { Ledger } from '../kit/ledger.ts'
import { listOf, present } from '../kit/present.ts'
import { refuseForced, refuseUnknown, withProperties } from '../openai-wire/tools.ts'
import { encodeFormat } from './decode-tools.ts'
import { ownMembers, type Members } from './extras.ts'

/** The members of a request that are about tools. */
export function encodeTools(request: IrRequest, ledger: Ledger): Members {
  const tools = request.tools.flatMap((tool, index) => encodeTool(tool, tool.at ?? `tools[${index}]`, ledger))
  const members = {
    ...(tools.length > 0 && { tools }),
    ...present({
      tool_choice: encodeToolChoice(request, ledger),
      parallel_tool_calls: request.parallelToolCalls,
    }),
  }
  // A choice among no tools means nothing, unless it forces a call.
  if (ledger.own || tools.length > 0) return members
  refuseForced(request, ledger)
  return {}
}

function encodeTool(tool: Tool, at: string, ledger: Ledger): Members[] {
  if (tool.type === 'opaque') {
    if (ledger.own) return isObject(tool.value) ? [tool.value] : []
    ledger.drop(at, `the provider has no tool ${tool.kind}`)
    return []
  }
  ledger.dropExtras(tool.extras, at)
  const rest = ledger.own ? ownMembers(tool.extras) : {}
  const { description } = tool
  const head = { type: tool.type, name: ledger.toolName(tool.name), ...present({ description }) }
  if (tool.type === 'custom') return [{ ...head, ...present({ format: encodeFormat(tool.format) }), ...rest }]
  ledger.dropCache(tool.cache, at)
  if (ledger.own) return [{ ...head, ...present({ parameters: tool.schema, strict: tool.strict }), ...rest }]
  // Without a word the provider makes schemas strict where it can, which no other wire does.
  return [{ ...head, parameters: withProperties(tool.schema ?? { type: 'object' }), strict: tool.strict ?? false }]
}

function encodeToolChoice(request: IrRequest, ledger: Ledger): unknown {
  const choice = request.toolChoice
  switch (choice?.mode) {
    case undefined:
      return undefined
    case 'auto':
    case 'none':
    case 'required':
      return choice.mode
    case 'tool':
      return namedChoice(choice, request.tools, ledger)
    case 'opaque':
      return ledger.own ? choice.value : foreignChoice(choice, ledger)
  }
}

function namedChoice(choice: ToolChoice & { mode: 'tool' }, tools: readonly Tool[], ledger: Ledger): Members {
  refuseUnknown(choice, tools, ledger)
  return { type: choice.kind ?? 'function', name: ledger.toolName(choice.name) }
}

/** Chat Completions has `allowed_tools` as well, one level deeper. */
function foreignChoice({ kind, value }: ToolChoice & { mode: 'opaque' }, ledger: Ledger): Members | undefined {
  const allowed = isObject(value) ? value['allowed_tools'] : undefined
  if (kind !== 'allowed_tools' || !isObject(allowed)) {
    ledger.drop(ledger.paths.toolChoice, `the provider has no choice ${kind}`)
    return undefined
  }
  const tools = listOf(allowed['tools']).flatMap((tool) => {
    const called = isObject(tool) ? (tool['function'] ?? tool['custom']) : undefined
    if (!isObject(tool) || !isObject(called)) return []
    return [{ type: tool['type'], name: ledger.toolName(String(called['name'])) }]
  })
  return { type: 'allowed_tools', mode: allowed['mode'], tools }
}
