// What is read of a request on this wire, and in which shape. Owns the shapes; decides no meaning.
// Loose throughout: a member that is not named here is kept. Built on first use, as not every process translates.
// Items are read one by one by their type, and answers have no schema here: none of them is refused for its shape.
// https://platform.openai.com/docs/api-reference/responses/create
import { z } from 'zod'
import { readBody, type Reading } from '../kit/shape.ts'

function buildItem() {
  return z.looseObject({
    type: z.string().nullish(),
    role: z.string().nullish(),
    content: z.union([z.string(), z.array(z.looseObject({}))]).nullish(),
  })
}

function buildTool() {
  return z.looseObject({
    type: z.string(),
    name: z.string().nullish(),
    description: z.string().nullish(),
    strict: z.boolean().nullish(),
  })
}

function buildRequest() {
  const number = () => z.number().nullish()
  return z.looseObject({
    model: z.string(),
    input: z.union([z.string(), z.array(buildItem())]).nullish(),
    instructions: z.string().nullish(),
    tools: z.array(buildTool()).nullish(),
    tool_choice: z.union([z.string(), z.looseObject({ type: z.string(), name: z.string().nullish() })]).nullish(),
    parallel_tool_calls: z.boolean().nullish(),
    max_output_tokens: number(),
    temperature: number(),
    top_p: number(),
    reasoning: z.looseObject({ effort: z.string().nullish() }).nullish(),
    text: z.looseObject({ format: z.looseObject({ type: z.string() }).nullish() }).nullish(),
    stream: z.boolean().nullish(),
    store: z.boolean().nullish(),
    background: z.boolean().nullish(),
    user: z.string().nullish(),
    safety_identifier: z.string().nullish(),
  })
}

export type RequestShape = z.infer<ReturnType<typeof buildRequest>>
export type ToolShape = z.infer<ReturnType<typeof buildTool>>
export type InputItem = z.infer<ReturnType<typeof buildItem>>

let request: ReturnType<typeof buildRequest> | undefined

/** Reads a request body. */
export function readRequest(value: unknown): Reading<RequestShape> {
  return readBody((request ??= buildRequest()), value)
}
