// Canonical tools and the choice among them, for this wire.
import type { FunctionTool, IrRequest, Tool, ToolChoice } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { EncodeContext } from './encode-context.ts'
import { asideOf, ownMembers, saidMembers, type Members } from './extras.ts'
import { present } from './optional.ts'

/** The members of a request that are about tools. */
export function encodeTools(request: IrRequest, context: EncodeContext): Members {
  const legacy = request.tools.filter(isLegacy)
  const tools = request.tools
    .filter((tool) => !isLegacy(tool))
    .flatMap((tool, index) => encodeTool(tool, tool.at ?? `tools[${index}]`, context))
  const members = {
    ...(tools.length > 0 && { tools }),
    ...(context.own && legacy.length > 0 && { functions: legacy.map((tool) => legacyFunction(tool as FunctionTool)) }),
    ...present({
      tool_choice: encodeToolChoice(request, context),
      parallel_tool_calls: request.parallelToolCalls,
    }),
  }
  // OpenAI refuses both members where there are no tools to choose from.
  if (context.own || tools.length > 0) return members
  const { mode } = request.toolChoice ?? { mode: 'auto' }
  if (request.tools.length > 0 && (mode === 'required' || mode === 'tool'))
    context.refuse('tool_choice', 'none of the tools that must be called can be sent')
  return {}
}

function isLegacy(tool: Tool): boolean {
  return tool.type === 'function' && asideOf(tool.extras).legacy === true
}

function encodeTool(tool: Tool, at: string, context: EncodeContext): Members[] {
  if (tool.type === 'opaque') {
    if (context.own) return [tool.value as Members]
    context.dropped(at, `the provider has no tool ${tool.kind}`)
    return []
  }
  context.lostExtras(tool.extras, at)
  const extras = context.own ? ownMembers(tool.extras) : {}
  const { [tool.type]: inner, ...others } = extras
  const rest = { ...(isObject(inner) ? inner : {}) }
  if (tool.type === 'custom') {
    const { name, description, format } = tool
    return [
      {
        type: 'custom',
        custom: { name: context.toolName(name), ...present({ description, format }), ...rest },
        ...others,
      },
    ]
  }
  context.lostCache(tool.cache, at)
  return [
    {
      type: 'function',
      function: { ...functionMembers(tool, context), ...rest },
      ...ownCache(tool, context),
      ...others,
    },
  ]
}

function functionMembers(tool: FunctionTool, context: EncodeContext): Members {
  const { description, strict } = tool
  const parameters = context.own ? tool.schema : withProperties(tool.schema)
  return { name: context.toolName(tool.name), ...present({ description, parameters, strict }) }
}

// OpenAI refuses an object schema that does not list its properties, even none.
function withProperties(schema: unknown): unknown {
  return isObject(schema) && schema['type'] === 'object' && !('properties' in schema)
    ? { ...schema, properties: {} }
    : schema
}

function ownCache(tool: FunctionTool, context: EncodeContext): Members {
  if (!context.own || tool.cache === undefined) return {}
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

function encodeToolChoice(request: IrRequest, context: EncodeContext): unknown {
  const choice = request.toolChoice
  // The pre-tools spelling goes back through the extras, as it came.
  if (choice === undefined || 'function_call' in (asideOf(request.extras).silent ?? {})) return undefined
  switch (choice.mode) {
    case 'auto':
    case 'none':
    case 'required':
      return choice.mode
    case 'tool':
      return namedChoice(choice, request.tools, context)
    case 'opaque':
      if (context.own) return choice.value
      context.dropped('tool_choice', `the provider has no choice ${choice.kind}`)
      return undefined
  }
}

function namedChoice(choice: ToolChoice & { mode: 'tool' }, tools: readonly Tool[], context: EncodeContext): Members {
  const named = tools.find((tool) => tool.type !== 'opaque' && tool.name === choice.name)
  if (!context.own && named === undefined && tools.some((tool) => tool.type === 'opaque'))
    context.refuse('tool_choice', `the provider has no tool ${choice.name}`)
  const key = choice.kind === 'custom' ? 'custom' : 'function'
  return { type: key, [key]: { name: context.toolName(choice.name) } }
}
