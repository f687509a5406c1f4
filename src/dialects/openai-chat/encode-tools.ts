// Canonical tools and the choice among them, for this wire.
import type { FunctionTool, IrRequest, Tool, ToolChoice } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { Ledger } from '../kit/ledger.ts'
import { asideOf, ownMembers, saidMembers, type Members } from './extras.ts'
import { present } from '../kit/present.ts'
import { refuseForced, refuseUnknown, withProperties } from '../openai-wire/tools.ts'

/** The members of a request that are about tools. */
export function encodeTools(request: IrRequest, ledger: Ledger): Members {
  const legacy = request.tools.filter(isLegacy)
  const tools = request.tools
    .filter((tool) => !isLegacy(tool))
    .flatMap((tool, index) => encodeTool(tool, tool.at ?? `tools[${index}]`, ledger))
  const members = {
    ...(tools.length > 0 && { tools }),
    ...(ledger.own && legacy.length > 0 && { functions: legacy.map((tool) => legacyFunction(tool as FunctionTool)) }),
    ...present({
      tool_choice: encodeToolChoice(request, ledger),
      parallel_tool_calls: request.parallelToolCalls,
    }),
  }
  // OpenAI refuses both members where there are no tools to choose from.
  if (ledger.own || tools.length > 0) return members
  refuseForced(request, ledger)
  return {}
}

function isLegacy(tool: Tool): boolean {
  return tool.type === 'function' && asideOf(tool.extras).legacy === true
}

function encodeTool(tool: Tool, at: string, ledger: Ledger): Members[] {
  if (tool.type === 'opaque') {
    if (ledger.own) return [tool.value as Members]
    ledger.drop(at, `the provider has no tool ${tool.kind}`)
    return []
  }
  ledger.dropExtras(tool.extras, at)
  const extras = ledger.own ? ownMembers(tool.extras) : {}
  const { [tool.type]: inner, ...others } = extras
  const rest = { ...(isObject(inner) ? inner : {}) }
  if (tool.type === 'custom') {
    const { name, description, format } = tool
    return [
      {
        type: 'custom',
        custom: { name: ledger.toolName(name), ...present({ description, format }), ...rest },
        ...others,
      },
    ]
  }
  ledger.dropCache(tool.cache, at)
  return [
    {
      type: 'function',
      function: { ...functionMembers(tool, ledger), ...rest },
      ...ownCache(tool, ledger),
      ...others,
    },
  ]
}

function functionMembers(tool: FunctionTool, ledger: Ledger): Members {
  const { description, strict } = tool
  const parameters = ledger.own ? tool.schema : withProperties(tool.schema)
  return { name: ledger.toolName(tool.name), ...present({ description, parameters, strict }) }
}

function ownCache(tool: FunctionTool, ledger: Ledger): Members {
  if (!ledger.own || tool.cache === undefined) return {}
  const { breakpoint } = asideOf(tool.cache.extras)
  if (breakpoint !== undefined) return { prompt_cache_breakpoint: breakpoint }
  return {
    cache_control: { type: 'ephemeral', ...present({ ttl: tool.cache.ttl }), ...saidMembers(tool.cache.extras) },
  }
}

function legacyFunction(tool: FunctionTool): Members {
  const { name, description, schema, strict } = tool
  const { function: inner, ...others } = ownMembers(tool.extras)
  return { name, ...present({ description, parameters: schema, strict }), ...(isObject(inner) ? inner : {}), ...others }
}

function encodeToolChoice(request: IrRequest, ledger: Ledger): unknown {
  const choice = request.toolChoice
  // The pre-tools spelling goes back through the extras, as it came.
  if (choice === undefined || 'function_call' in (asideOf(request.extras).silent ?? {})) return undefined
  switch (choice.mode) {
    case 'auto':
    case 'none':
    case 'required':
      return choice.mode
    case 'tool':
      return namedChoice(choice, request.tools, ledger)
    case 'opaque':
      if (ledger.own) return choice.value
      ledger.drop(ledger.paths.toolChoice, `the provider has no choice ${choice.kind}`)
      return undefined
  }
}

function namedChoice(choice: ToolChoice & { mode: 'tool' }, tools: readonly Tool[], ledger: Ledger): Members {
  refuseUnknown(choice, tools, ledger)
  const key = choice.kind === 'custom' ? 'custom' : 'function'
  return { type: key, [key]: { name: ledger.toolName(choice.name) } }
}
