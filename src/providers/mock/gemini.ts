// Spells the mock's answer on Google's wire: chunks as server-sent events, or as one JSON array where nobody asked for such.
// @see https://ai.google.dev/api/generate-content
import { words, type MockAnswer } from './answer.ts'
import { isSaid, joined, objectOf, objectsIn, textIn } from './check.ts'
import { countCheck, embedCheck, generateCheck } from './check-gemini.ts'
import type {
  Heard,
  Members,
  MockCounter,
  MockEmbedder,
  MockFailure,
  MockRequest,
  MockStream,
  MockWire,
  ReturnedThought,
} from './wire.ts'

/** Parts of the answer, each one chunk of a stream. A signature stands on the first call, else on an empty text behind all. */
function parts({ thinking, signature, text, toolCalls }: MockAnswer): readonly Members[] {
  return [
    ...words(thinking).map((word) => ({ text: word, thought: true })),
    ...words(text).map((word) => ({ text: word })),
    // Google's calls have no ids, except those of the models that sign their thinking.
    ...toolCalls.map(({ id, name, input }, index) => ({
      functionCall: { ...(signature !== '' && { id }), name, args: input },
      ...(index === 0 && signature !== '' && { thoughtSignature: signature }),
    })),
  ]
}

function ending({ signature, toolCalls, refusal }: MockAnswer): Members {
  // An answer that was withheld has no parts at all.
  if (refusal !== '') return { content: {}, finishReason: 'SAFETY', index: 0, safetyRatings: ratings }
  const isSigned = signature !== '' && toolCalls.length === 0
  const last = { text: '', ...(isSigned && { thoughtSignature: signature }) }
  return { content: { role: 'model', parts: [last] }, finishReason: 'STOP', index: 0 }
}

const ratings = [{ category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true }]

function chunk(answer: MockAnswer, candidate: Members): Members {
  const { inputTokens, outputTokens, thinkingTokens } = answer
  return {
    candidates: [candidate],
    usageMetadata: {
      promptTokenCount: inputTokens,
      candidatesTokenCount: outputTokens - thinkingTokens,
      totalTokenCount: inputTokens + outputTokens,
      ...(thinkingTokens > 0 && { thoughtsTokenCount: thinkingTokens }),
    },
    modelVersion: answer.model,
    responseId: 'mock',
  }
}

function whole(answer: MockAnswer): Members {
  const end = ending(answer)
  if (answer.refusal !== '') return chunk(answer, end)
  const { thinking, signature, text, toolCalls } = answer
  const said = parts({ ...answer, thinking: '', text: '' })
  const isSigned = signature !== '' && toolCalls.length === 0
  const all = [
    ...(thinking === '' ? [] : [{ text: thinking, thought: true }]),
    ...(text === '' ? [] : [{ text, ...(isSigned && { thoughtSignature: signature }) }]),
    ...said,
  ]
  return chunk(answer, {
    content: { role: 'model', ...(all.length > 0 && { parts: all }) },
    finishReason: 'STOP',
    index: 0,
  })
}

function chunks(answer: MockAnswer): readonly Members[] {
  return parts(answer).map((part) => chunk(answer, { content: { role: 'model', parts: [part] }, index: 0 }))
}

function hear({ body }: MockRequest): Heard {
  const turns = objectsIn(body['contents']).map(({ role, parts: list }) => ({ role, parts: objectsIn(list) }))
  const spoken = turns.findLast(({ role, parts: list }) => role !== 'model' && textOf(list) !== '')
  const results = (turns.at(-1)?.parts ?? []).filter((part) => part['functionResponse'] !== undefined)
  const config = objectOf(body['generationConfig'])
  const calling = objectOf(objectOf(body['toolConfig'])['functionCallingConfig'])
  const [allowed] = Array.isArray(calling['allowedFunctionNames']) ? (calling['allowedFunctionNames'] as unknown[]) : []
  const schema = config['responseSchema'] ?? config['responseJsonSchema']
  return {
    everything: joined([
      textOf(objectsIn(objectOf(body['systemInstruction'])['parts'])),
      ...turns.map((turn) => textOf(turn.parts)),
    ]),
    said: textOf(spoken?.parts ?? []),
    ...(results.length > 0 && { results: joined(results.map(resultText)) }),
    tools: objectsIn(body['tools'])
      .flatMap((tool) => objectsIn(tool['functionDeclarations']))
      .map((tool) => ({ name: textIn(tool['name']), schema: tool['parameters'] ?? tool['parametersJsonSchema'] })),
    ...(textIn(calling['mode']).toUpperCase() === 'ANY' && { forced: textIn(allowed) }),
    ...(schema !== undefined && { schema }),
    calls: turns.flatMap((turn) => turn.parts).filter(isCall).length,
    signer: 'gemini',
    thoughts: turns.flatMap((turn) => thoughtOf(turn.parts)),
  }
}

function isCall(part: Members): boolean {
  return part['functionCall'] !== undefined
}

/** The first call of a turn has to be signed; without a call, whatever is signed. */
function thoughtOf(list: readonly Members[]): readonly ReturnedThought[] {
  const called = list.filter(isCall)
  const calls = called.map((part) => textIn(objectOf(part['functionCall'])['id']))
  const signed = called[0] ?? list.find((part) => isSaid(part['thoughtSignature']))
  if (signed === undefined) return []
  const signature = textIn(signed['thoughtSignature'])
  return [signature === '' ? { calls } : { calls, signature }]
}

function textOf(list: readonly Members[]): string {
  return joined(list.map((part) => (part['thought'] === true ? '' : textIn(part['text']))))
}

/** A result is an object; what stands in it, as text. */
function resultText(part: Members): string {
  const { response } = objectOf(part['functionResponse'])
  return joined(
    Object.values(objectOf(response)).map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
  )
}

const statuses: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [429, 'RESOURCE_EXHAUSTED'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
])

/** When to come back stands in the body, and in no header. */
// https://cloud.google.com/apis/design/errors#error_details
function failure(status: number, message: string, retryAfterS?: number): MockFailure {
  const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfterS}s` }]
  const record = { code: status, message, status: statuses.get(status) ?? 'INTERNAL' }
  return { headers: {}, body: { error: { ...record, ...(retryAfterS !== undefined && { details }) } } }
}

const fault = failure(500, 'the mock was told to fail').body

function events(answer: MockAnswer): MockStream {
  const event = (value: object): string => `data: ${JSON.stringify(value)}\r\n\r\n`
  return {
    contentType: 'text/event-stream',
    start: '',
    content: chunks(answer).map(event),
    end: event(chunk(answer, ending(answer))),
    error: () => event(fault),
  }
}

function array(answer: MockAnswer): MockStream {
  const content = chunks(answer).map((value, index) => (index === 0 ? '' : ',\r\n') + JSON.stringify(value))
  const last = (value: object, before: number): string => `${before === 0 ? '' : ',\r\n'}${JSON.stringify(value)}\n]`
  return {
    contentType: 'application/json',
    start: '[',
    content,
    end: last(chunk(answer, ending(answer)), content.length),
    error: (after) => last(fault, Math.min(after, content.length)),
  }
}

const base = { check: generateCheck, hear, json: whole, failure }

/** The mock on `:generateContent` and on `:streamGenerateContent?alt=sse`. */
export const geminiWire: MockWire = { ...base, stream: events }

/** The mock on `:streamGenerateContent`. */
export const geminiArrayWire: MockWire = { ...base, stream: array }

/** The mock on `:countTokens`. What is counted stands at the top, or in a whole request below it. */
export const geminiCounter: MockCounter = {
  check: countCheck,
  hear: ({ model, body }) => hear({ model, body: objectOf(body['generateContentRequest'] ?? body) }),
  count: (tokens) => ({ totalTokens: tokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }] }),
  failure,
}

function inputsOf({ body }: MockRequest): readonly Members[] {
  return Array.isArray(body['requests']) ? objectsIn(body['requests']) : [body]
}

/** The mock on `:batchEmbedContents` and on `:embedContent`. */
export const geminiEmbedder: MockEmbedder = {
  check: embedCheck,
  inputs: (request) => inputsOf(request).map(({ content }) => textOf(objectsIn(objectOf(content)['parts']))),
  dimensions(request) {
    const said = inputsOf(request)[0]?.['outputDimensionality']
    return typeof said === 'number' ? said : undefined
  },
  json: (vectors, _tokens, { body }) =>
    Array.isArray(body['requests'])
      ? { embeddings: vectors.map((values) => ({ values })) }
      : { embedding: { values: vectors[0] ?? [] } },
  failure,
}
