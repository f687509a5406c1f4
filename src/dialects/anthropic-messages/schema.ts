// What is read of a request on this wire, and in which shape. Owns the shapes; decides no meaning.
// Loose throughout: a member that is not named here is kept. Built on first use, as not every process translates.
// https://platform.claude.com/docs/en/api/messages
import { z } from 'zod'
import { readBody, readShape, type Reading } from '../kit/shape.ts'

const cacheControl = () => z.looseObject({ type: z.string(), ttl: z.string().nullish() }).nullish()

const base64Source = () => z.looseObject({ type: z.literal('base64'), media_type: z.string(), data: z.string() })
const urlSource = () => z.looseObject({ type: z.literal('url'), url: z.string() })
const fileSource = () => z.looseObject({ type: z.literal('file'), file_id: z.string() })

function buildBlock() {
  return z.discriminatedUnion('type', [
    z.looseObject({
      type: z.literal('text'),
      text: z.string(),
      citations: z.array(z.looseObject({ type: z.string() })).nullish(),
      cache_control: cacheControl(),
    }),
    z.looseObject({
      type: z.literal('image'),
      source: z.discriminatedUnion('type', [base64Source(), urlSource(), fileSource()]),
      cache_control: cacheControl(),
    }),
    z.looseObject({
      type: z.literal('document'),
      source: z.discriminatedUnion('type', [
        base64Source(),
        urlSource(),
        fileSource(),
        z.looseObject({ type: z.literal('text'), media_type: z.string(), data: z.string() }),
        z.looseObject({ type: z.literal('content'), content: z.union([z.string(), z.array(z.unknown())]) }),
      ]),
      title: z.string().nullish(),
      context: z.string().nullish(),
      citations: z.looseObject({ enabled: z.boolean().nullish() }).nullish(),
      cache_control: cacheControl(),
    }),
    z.looseObject({
      type: z.literal('tool_use'),
      id: z.string(),
      name: z.string(),
      input: z.unknown().optional(),
      cache_control: cacheControl(),
    }),
    z.looseObject({
      type: z.literal('tool_result'),
      tool_use_id: z.string(),
      content: z.union([z.string(), z.array(z.unknown())]).nullish(),
      is_error: z.boolean().nullish(),
      cache_control: cacheControl(),
    }),
    z.looseObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string().nullish() }),
    z.looseObject({ type: z.literal('redacted_thinking'), data: z.string() }),
  ])
}

function buildTool() {
  return z.looseObject({
    name: z.string().min(1),
    description: z.string().nullish(),
    input_schema: z.unknown().optional(),
    strict: z.boolean().nullish(),
    cache_control: cacheControl(),
  })
}

const format = () => z.looseObject({ type: z.string(), schema: z.unknown().optional() }).nullish()

function buildRequest() {
  return z.looseObject({
    model: z.string().nullish(),
    messages: z.array(
      z.looseObject({
        role: z.enum(['user', 'assistant', 'system']),
        content: z.union([z.string(), z.array(z.unknown())]),
      }),
    ),
    system: z.union([z.string(), z.array(z.unknown())]).nullish(),
    max_tokens: z.number().nullish(),
    stream: z.boolean().nullish(),
    temperature: z.number().nullish(),
    top_p: z.number().nullish(),
    top_k: z.number().nullish(),
    stop_sequences: z.array(z.string()).nullish(),
    tools: z.array(z.looseObject({ type: z.string().nullish() })).nullish(),
    tool_choice: z
      .looseObject({
        type: z.string(),
        name: z.string().nullish(),
        disable_parallel_tool_use: z.boolean().nullish(),
      })
      .nullish(),
    thinking: z.looseObject({ type: z.string(), budget_tokens: z.number().nullish() }).nullish(),
    output_config: z.looseObject({ effort: z.string().nullish(), format: format() }).nullish(),
    output_format: format(),
    metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
  })
}

export type Block = z.infer<ReturnType<typeof buildBlock>>
export type FunctionToolShape = z.infer<ReturnType<typeof buildTool>>
export type RequestShape = z.infer<ReturnType<typeof buildRequest>>

const readers: {
  block?: ReturnType<typeof buildBlock>
  tool?: ReturnType<typeof buildTool>
  request?: ReturnType<typeof buildRequest>
} = {}

/** Reads the envelope of a request; content blocks and tools are read one by one, as each may be unknown. */
export function readRequest(value: unknown): Reading<RequestShape> {
  return readBody((readers.request ??= buildRequest()), value)
}

/** Reads a block of a type that `isKnownBlock` knows. */
export function readBlock(value: unknown): Reading<Block> {
  return readShape((readers.block ??= buildBlock()), value)
}

/** Reads a tool of the client's own. */
export function readFunctionTool(value: unknown): Reading<FunctionToolShape> {
  return readShape((readers.tool ??= buildTool()), value)
}

const sourceTypes: ReadonlyMap<string, readonly string[]> = new Map([
  ['image', ['base64', 'url', 'file']],
  ['document', ['base64', 'url', 'file', 'text', 'content']],
])

const plainTypes: readonly string[] = ['text', 'tool_use', 'tool_result', 'thinking', 'redacted_thinking']

/** Whether a block has a canonical counterpart; all others travel whole. */
export function isKnownBlock(block: Readonly<Record<string, unknown>>): boolean {
  const { type, source } = block as { readonly type?: unknown; readonly source?: { readonly type?: unknown } | null }
  if (typeof type !== 'string') return false
  if (plainTypes.includes(type)) return true
  const sources = sourceTypes.get(type)
  // A malformed source is for the reader to report; only one of an unknown type makes the block unknown.
  return sources !== undefined && (typeof source?.type !== 'string' || sources.includes(source.type))
}
