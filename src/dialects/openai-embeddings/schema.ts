// What is read of a request on this wire, and in which shape. Owns the shapes; decides no meaning.
// Loose throughout: a member that is not named here is kept. Built on first use, as not every process translates.
// https://platform.openai.com/docs/api-reference/embeddings/create
import { z } from 'zod'
import { readBody, type Reading } from '../kit/shape.ts'

function buildRequest() {
  const tokens = () => z.array(z.int().nonnegative())
  return z.looseObject({
    model: z.string(),
    input: z.union([z.string(), z.array(z.string()), tokens(), z.array(tokens())]),
    dimensions: z.int().positive().nullish(),
    encoding_format: z.enum(['float', 'base64']).nullish(),
    user: z.string().nullish(),
  })
}

export type RequestShape = z.infer<ReturnType<typeof buildRequest>>

let request: ReturnType<typeof buildRequest> | undefined

/** Reads a request body. */
export function readRequest(value: unknown): Reading<RequestShape> {
  return readBody((request ??= buildRequest()), value)
}
