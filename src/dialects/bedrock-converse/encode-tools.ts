// The tools of a foreign request and the choice among them. Owns what the API demands of them: a list wherever the
// conversation holds calls, object schemas, and a choice that this wire can say.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html
import type { IrRequest, Tool } from '../../ir/request.ts'
import { objectSchema, sayableChoice } from '../kit/foreign-tools.ts'
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
  const said = sayableChoice(request, tools.length > 0, ledger)
  const choice = said && encodeToolChoice(said)
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
    if (tool.type === 'function') ledger.approximate(tool.at ?? `tools[${index}]`, 'left out, as no tool may be called')
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
