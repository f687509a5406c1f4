// What is read of a request on this wire, and in which shape. Owns the shapes; decides no meaning.
// Loose throughout: a member that is not named here is kept. Built on first use, as not every process translates.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import { z } from 'zod'
import { readBody, readShape, type Reading } from '../kit/shape.ts'

const text = () => z.string()
const source = () => z.looseObject({ bytes: text().nullish(), s3Location: z.looseObject({ uri: text() }).nullish() })
const image = () => z.looseObject({ format: text(), source: source() })

// One schema for each member of the union that has a canonical counterpart.
const builders = {
  text,
  // A value of a tool's result.
  json: () => z.unknown(),
  image,
  document: () =>
    z.looseObject({
      name: text(),
      format: text().nullish(),
      source: z.looseObject({
        bytes: text().nullish(),
        s3Location: z.looseObject({ uri: text() }).nullish(),
        text: text().nullish(),
        content: z.array(z.looseObject({ text: text().nullish() })).nullish(),
      }),
      context: text().nullish(),
      citations: z.looseObject({ enabled: z.boolean().nullish() }).nullish(),
    }),
  video: image,
  audio: image,
  toolUse: () => z.looseObject({ toolUseId: text(), name: text(), input: z.unknown().optional() }),
  toolResult: () =>
    z.looseObject({
      toolUseId: text(),
      content: z.array(z.unknown()),
      status: text().nullish(),
      type: text().nullish(),
    }),
  reasoningContent: () =>
    z.looseObject({
      reasoningText: z.looseObject({ text: text().nullish(), signature: text().nullish() }).nullish(),
      redactedContent: text().nullish(),
    }),
  citationsContent: () =>
    z.looseObject({
      content: z.array(z.looseObject({ text: text().nullish() })).nullish(),
      citations: z.array(z.looseObject({})).nullish(),
    }),
}

function buildTool() {
  return z.looseObject({
    name: text().min(1),
    description: text().nullish(),
    inputSchema: z.looseObject({ json: z.unknown().optional() }).nullish(),
    strict: z.boolean().nullish(),
  })
}

function buildRequest() {
  const number = () => z.number().nullish()
  return z.looseObject({
    messages: z
      .array(z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content: z.array(z.unknown()) }))
      .nullish(),
    system: z.array(z.unknown()).nullish(),
    inferenceConfig: z
      .looseObject({
        maxTokens: number(),
        temperature: number(),
        topP: number(),
        stopSequences: z.array(text()).nullish(),
      })
      .nullish(),
    toolConfig: z
      .looseObject({ tools: z.array(z.looseObject({})).nullish(), toolChoice: z.looseObject({}).nullish() })
      .nullish(),
    additionalModelRequestFields: z.looseObject({}).nullish(),
    outputConfig: z.looseObject({ effort: text().nullish(), textFormat: z.looseObject({}).nullish() }).nullish(),
  })
}

export type Kind = keyof typeof builders
export type Shape<K extends Kind> = z.infer<ReturnType<(typeof builders)[K]>>
export type ToolShape = z.infer<ReturnType<typeof buildTool>>
export type RequestShape = z.infer<ReturnType<typeof buildRequest>>

const built: { [key: string]: z.ZodType } = {}

/** The member of the union that a block has, where it has a canonical counterpart. */
export function kindOf(block: Readonly<Record<string, unknown>>): Kind | undefined {
  for (const key in block) if (Object.hasOwn(builders, key) && block[key] !== undefined) return key as Kind
  return undefined
}

/** Reads what a block holds under its kind. */
export function readBlock<K extends Kind>(kind: K, value: unknown): Reading<Shape<K>> {
  return readShape((built[kind] ??= builders[kind]()) as z.ZodType<Shape<K>>, value)
}

/** Reads a tool of the client's own. */
export function readTool(value: unknown): Reading<ToolShape> {
  return readShape((built['$tool'] ??= buildTool()) as z.ZodType<ToolShape>, value)
}

/** Reads the envelope of a request; content blocks and tools are read one by one, as each may be unknown. */
export function readRequest(value: unknown): Reading<RequestShape> {
  return readBody((built['$request'] ??= buildRequest()) as z.ZodType<RequestShape>, value)
}
