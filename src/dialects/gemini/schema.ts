// What is read of a request on this wire, and in which shape. Owns the shapes; decides no meaning.
// Loose throughout: a member that is not named here is kept. Keys are in camelCase by now. Built on first use, as not
// every process translates.
// https://ai.google.dev/api/generate-content#request-body
import { z } from 'zod'
import { readBody, readShape, type Reading } from '../kit/shape.ts'

const record = () => z.looseObject({})
const number = () => z.number().nullish()
const text = () => z.string().nullish()

const content = () => z.looseObject({ role: text(), parts: z.array(z.unknown()) })

function buildRequest() {
  return z.looseObject({
    contents: z.array(content()),
    systemInstruction: content().nullish(),
    tools: z.array(z.looseObject({ functionDeclarations: z.array(record()) })),
    toolConfig: z
      .looseObject({
        functionCallingConfig: z.looseObject({ mode: text(), allowedFunctionNames: z.array(z.string()).nullish() }),
      })
      .nullish(),
    generationConfig: z
      .looseObject({
        maxOutputTokens: number(),
        temperature: number(),
        topP: number(),
        topK: number(),
        stopSequences: z.array(z.string()).nullish(),
        seed: number(),
        frequencyPenalty: number(),
        presencePenalty: number(),
        candidateCount: number(),
        responseMimeType: text(),
        thinkingConfig: record().nullish(),
      })
      .nullish(),
    cachedContent: text(),
  })
}

function buildPart() {
  return z.looseObject({
    text: text(),
    thought: z.boolean().nullish(),
    thoughtSignature: text(),
    inlineData: z.looseObject({ mimeType: text(), data: z.string(), displayName: text() }).nullish(),
    fileData: z.looseObject({ mimeType: text(), fileUri: z.string(), displayName: text() }).nullish(),
    functionCall: z.looseObject({ id: text(), name: z.string() }).nullish(),
    functionResponse: z.looseObject({ id: text(), name: z.string(), parts: z.unknown().optional() }).nullish(),
  })
}

function buildDeclaration() {
  return z.looseObject({ name: z.string().min(1), description: text() })
}

export type RequestShape = z.infer<ReturnType<typeof buildRequest>>
export type ContentShape = RequestShape['contents'][number]
export type PartShape = z.infer<ReturnType<typeof buildPart>>
export type DeclarationShape = z.infer<ReturnType<typeof buildDeclaration>>

const readers: {
  request?: ReturnType<typeof buildRequest>
  part?: ReturnType<typeof buildPart>
  declaration?: ReturnType<typeof buildDeclaration>
} = {}

/** Reads the envelope of a request; parts and tools are read one by one. */
export function readRequest(value: unknown): Reading<RequestShape> {
  return readBody((readers.request ??= buildRequest()), value)
}

/** Reads one part. */
export function readPart(value: unknown): Reading<PartShape> {
  return readShape((readers.part ??= buildPart()), value)
}

/** Reads the declaration of one function. */
export function readDeclaration(value: unknown): Reading<DeclarationShape> {
  return readShape((readers.declaration ??= buildDeclaration()), value)
}
