// The tools of a foreign request and the choice among them. Owns what the API demands of them: a list wherever the
// conversation holds calls, object schemas, and a choice that this wire can say.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html
import type { FunctionTool, IrRequest, Tool } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import { textOf } from '../kit/present.ts'
import type { WireBlock } from './encode-content.ts'
import type { WireMessage } from './encode-turns.ts'
import { objectOf, type Members } from './extras.ts'
import type { Ledger } from './ledger.ts'
import { encodeTool, encodeToolChoice } from './tools.ts'

export interface ToolPlan {
  readonly config?: WireBlock
  /** Members for `additionalModelRequestFields`. */
  readonly fields: Members
  /** A call is forced. */
  readonly forced: boolean
}

/** Where a conversation holds results and no call says what was called. */
const unnamedTool = 'tool'

/** Encodes tools and choice; a conversation with calls gets a list of tools even where the client sent none. */
export function encodeForeignTools(request: IrRequest, messages: readonly WireMessage[], ledger: Ledger): ToolPlan {
  const tools = request.tools.flatMap((tool) => encodeOne(tool, ledger))
  const choice = encodeChoice(request, tools.length > 0, ledger)
  const called = namesCalled(messages)
  if (request.toolChoice?.mode === 'none' && tools.length > 0) return forbidden(request, tools, called, ledger)
  if (tools.length === 0) {
    if (called === undefined) return { fields: {}, forced: false }
    ledger.approximate(firstCall(request), 'a tool that the client does not offer was listed, as a call wants one')
    return { fields: {}, forced: false, config: { tools: called.map(placeholder) } }
  }
  return { ...encodeParallel(request, choice, ledger, tools), forced: choice !== undefined && !('auto' in choice) }
}

/** Calls cannot be forbidden here: without tools there are none, and a conversation that holds some needs its tools. */
function forbidden(
  request: IrRequest,
  tools: readonly WireBlock[],
  called: readonly string[] | undefined,
  ledger: Ledger,
): ToolPlan {
  const stay = called !== undefined
  ledger.approximate(ledger.paths.toolChoice, stay ? 'calls cannot be forbidden' : 'no tools, so no calls')
  if (stay) return { fields: {}, forced: false, config: { tools } }
  for (const [index, tool] of request.tools.entries())
    if (tool.type === 'function') ledger.drop(tool.at ?? `tools[${index}]`, 'left out, as no tool may be called')
  return { fields: {}, forced: false }
}

function encodeOne(tool: Tool, ledger: Ledger): WireBlock[] {
  const at = tool.at ?? 'tools'
  if (tool.type === 'custom') ledger.refuse(at, 'a free-text tool')
  else if (tool.type === 'opaque') ledger.drop(at, `a tool of another provider (${tool.kind})`)
  else {
    ledger.dropExtras(tool.extras, at)
    const { strict, description, ...rest } = tool
    const encoded = encodeTool({
      ...rest,
      name: ledger.toolName(tool.name),
      schema: objectSchema(tool, at, ledger),
      // Blank text is refused.
      ...(description !== undefined && description.trim() !== '' && { description }),
      ...(strict === true && { strict }),
    })
    return [encoded, ...ledger.cachePoint(tool.cache, at, 'tools')]
  }
  return []
}

/** The API wants an object schema. */
function objectSchema({ schema }: FunctionTool, at: string, ledger: Ledger): WireBlock {
  if (schema === undefined || schema === null) return { type: 'object', properties: {} }
  const type = isObject(schema) ? schema['type'] : 'none'
  if (!isObject(schema) || (type !== undefined && type !== null && type !== 'object')) {
    ledger.refuse(at, 'tool parameters that are not an object schema')
    return {}
  }
  return { ...schema, type: 'object', properties: schema['properties'] ?? {} }
}

function placeholder(name: string): WireBlock {
  return encodeTool({ type: 'function', name, schema: { type: 'object', properties: {} } })
}

/** The tools that the conversation has called; undefined where it holds neither calls nor results. */
function namesCalled(messages: readonly WireMessage[]): string[] | undefined {
  const blocks = messages.flatMap(({ content }) => content)
  const names = blocks.flatMap((block) => textOf(objectOf(block['toolUse'])['name']) ?? [])
  if (names.length > 0) return [...new Set(names)]
  return blocks.some((block) => 'toolResult' in block) ? [unnamedTool] : undefined
}

/** Where the client's conversation first holds a call or a result. */
function firstCall({ turns }: IrRequest): string {
  for (const [index, turn] of turns.entries()) {
    const part = turn.parts.find(({ type }) => type === 'tool-call' || type === 'tool-result')
    if (part !== undefined) return part.at ?? turn.at ?? `messages[${index}]`
  }
  return 'messages'
}

function encodeChoice({ toolChoice, tools }: IrRequest, hasTools: boolean, ledger: Ledger): WireBlock | undefined {
  const named = toolChoice?.mode === 'tool' ? toolChoice.name : undefined
  const isGone = tools.some((tool) => tool.type === 'opaque' && (tool.kind === named || nameOf(tool.value) === named))
  const custom = toolChoice?.mode === 'tool' && toolChoice.kind === 'custom'
  if (toolChoice?.mode === 'opaque' || custom || (named !== undefined && isGone)) {
    ledger.refuse(ledger.paths.toolChoice, 'a choice that this wire has no form for')
    return undefined
  }
  const forces = toolChoice?.mode === 'required' || toolChoice?.mode === 'tool'
  if (!hasTools && forces) ledger.refuse(ledger.paths.toolChoice, 'a call is forced but no tool can be sent')
  if (toolChoice === undefined || !hasTools) return undefined
  return encodeToolChoice(named === undefined ? toolChoice : { mode: 'tool', name: ledger.toolName(named) })
}

function nameOf(tool: unknown): unknown {
  return isObject(tool) ? tool['name'] : undefined
}

/**
 * One call at a time is Anthropic's word on this wire. Its own choice and the wire's are merged, and may not both say
 * of which type the choice is (seen 2026-08).
 */
function encodeParallel(
  { parallelToolCalls }: IrRequest,
  choice: WireBlock | undefined,
  ledger: Ledger,
  tools: readonly WireBlock[],
): Pick<ToolPlan, 'config' | 'fields'> {
  const config = { tools, ...(choice !== undefined && { toolChoice: choice }) }
  if (parallelToolCalls !== false) return { config, fields: {} }
  if (ledger.family !== 'anthropic') {
    ledger.drop(ledger.paths.parallelToolCalls, 'the model cannot be held to one call')
    return { config, fields: {} }
  }
  const single = { disable_parallel_tool_use: true }
  if (choice !== undefined && !('auto' in choice)) return { config, fields: { tool_choice: single } }
  return { config: { tools }, fields: { tool_choice: { type: 'auto', ...single } } }
}
