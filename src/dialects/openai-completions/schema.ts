// What is read of a request on this wire, and in which shape. Owns the shapes; decides no meaning.
// Loose throughout: a member that is not named here is kept. Built on first use, as not every process translates.
// https://platform.openai.com/docs/api-reference/completions/create
import { z } from 'zod'
import { readBody, type Reading } from '../kit/shape.ts'

function buildRequest() {
  const number = () => z.number().nullish()
  const tokens = () => z.array(z.int().nonnegative())
  return z.looseObject({
    model: z.string(),
    prompt: z.union([z.string(), z.array(z.string()), tokens(), z.array(tokens())]).nullish(),
    suffix: z.string().nullish(),
    echo: z.boolean().nullish(),
    best_of: number(),
    max_tokens: number(),
    temperature: number(),
    top_p: number(),
    top_k: number(),
    seed: number(),
    frequency_penalty: number(),
    presence_penalty: number(),
    n: number(),
    stop: z.union([z.string(), z.array(z.string())]).nullish(),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    user: z.string().nullish(),
  })
}

export type RequestShape = z.infer<ReturnType<typeof buildRequest>>

let request: ReturnType<typeof buildRequest> | undefined

/** Reads a request body. */
export function readRequest(value: unknown): Reading<RequestShape> {
  return readBody((request ??= buildRequest()), value)
}
