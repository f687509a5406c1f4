// What is read of a request on this wire, and in which shape. Owns the shapes; decides no meaning.
// Loose throughout: a member that is not named here is kept. Built on first use, as not every process translates.
// Answers have no schema here: five spellings of the same thing are read member by member, and none is refused.
// https://platform.openai.com/docs/api-reference/chat/create
import { z } from 'zod'
import { readBody, type Reading } from '../kit/shape.ts'

const part = () => z.looseObject({ type: z.string() })
const content = () => z.union([z.string(), z.array(part())]).nullish()

const called = () => z.looseObject({ name: z.string(), arguments: z.unknown().optional() })

function buildToolCall() {
  return z.looseObject({
    id: z.string().nullish(),
    type: z.string().nullish(),
    function: called().nullish(),
    custom: z.looseObject({ name: z.string(), input: z.string() }).nullish(),
  })
}

function buildMessage() {
  return z.looseObject({
    role: z.string(),
    content: content(),
    name: z.string().nullish(),
    refusal: z.string().nullish(),
    tool_calls: z.array(buildToolCall()).nullish(),
    function_call: called().nullish(),
    tool_call_id: z.string().nullish(),
  })
}

const named = () => z.looseObject({ name: z.string().min(1) })

function buildFunction() {
  return z.looseObject({
    name: z.string().min(1),
    description: z.string().nullish(),
    parameters: z.unknown().optional(),
    strict: z.boolean().nullish(),
  })
}

function buildTool() {
  return z.looseObject({
    type: z.string().nullish(),
    function: buildFunction().nullish(),
    custom: z
      .looseObject({ name: z.string().min(1), description: z.string().nullish(), format: z.unknown().optional() })
      .nullish(),
  })
}

function buildRequest() {
  const number = () => z.number().nullish()
  return z.looseObject({
    model: z.string(),
    messages: z.array(buildMessage()),
    tools: z.array(buildTool()).nullish(),
    functions: z.array(buildFunction()).nullish(),
    tool_choice: z
      .union([z.string(), z.looseObject({ type: z.string(), function: named().nullish(), custom: named().nullish() })])
      .nullish(),
    function_call: z.union([z.string(), named()]).nullish(),
    parallel_tool_calls: z.boolean().nullish(),
    max_tokens: number(),
    max_completion_tokens: number(),
    temperature: number(),
    top_p: number(),
    top_k: number(),
    seed: number(),
    frequency_penalty: number(),
    presence_penalty: number(),
    n: number(),
    stop: z.union([z.string(), z.array(z.string())]).nullish(),
    reasoning_effort: z.string().nullish(),
    response_format: z.looseObject({ type: z.string(), json_schema: z.looseObject({}).nullish() }).nullish(),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    user: z.string().nullish(),
  })
}

export type RequestShape = z.infer<ReturnType<typeof buildRequest>>
export type MessageShape = z.infer<ReturnType<typeof buildMessage>>
export type PartShape = z.infer<ReturnType<typeof part>>
export type ToolCallShape = z.infer<ReturnType<typeof buildToolCall>>
export type ToolShape = z.infer<ReturnType<typeof buildTool>>
export type FunctionShape = z.infer<ReturnType<typeof buildFunction>>

let request: ReturnType<typeof buildRequest> | undefined

/** Reads a request body. */
export function readRequest(value: unknown): Reading<RequestShape> {
  return readBody((request ??= buildRequest()), value)
}
