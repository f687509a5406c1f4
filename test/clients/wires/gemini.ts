// A provider of Gemini's generateContent. https://ai.google.dev/api/generate-content
import { discoveryErrors } from '../../support/discovery.ts'
import { signatures } from './signatures.ts'
import {
  counts,
  endOf,
  halve,
  member,
  nothingSeen,
  reasoningTokens,
  records,
  sse,
  textIn,
  type Asked,
  type ErrorAnswer,
  type Json,
  type ScriptedAnswer,
  type Seen,
  type Wire,
} from './wire.ts'

// Calls have no word of their own.
const words = { stop: 'STOP', tool: 'STOP', length: 'MAX_TOKENS' }
const model = 'gemini-3-pro-preview'
const answering = 'gemini-3-pro-preview-11-2025'

export const gemini: Wire = {
  name: 'gemini',
  dialect: 'gemini',
  provider: { type: 'gemini' },
  basePath: '',
  model,
  answering,
  abilities: { converses: true, signs: 'tool-call', ids: [] },
  pathOf: (streamed) => `/v1beta/models/${model}:${streamed ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  countPath: `/v1beta/models/${model}:countTokens`,
  requestErrors: ({ body, path }: Asked) =>
    discoveryErrors(path.includes(':countTokens') ? 'CountTokensRequest' : 'GenerateContentRequest', body),
  see,
  whole: (answer) => envelope(answer, partsOf(answer), endOf(answer, words)),
  events,
  streamType: 'text/event-stream',
  counted: (tokens) => ({ totalTokens: tokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }] }),
  errorOf,
  errorEvent: () =>
    sse({ error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }, { newline: '\r\n' }),
}

function envelope(answer: ScriptedAnswer, parts: readonly object[], finishReason?: string): object {
  const thoughts = reasoningTokens(answer)
  return {
    candidates: [{ content: { parts, role: 'model' }, ...(finishReason && { finishReason }), index: 0 }],
    usageMetadata: {
      promptTokenCount: counts.input,
      cachedContentTokenCount: counts.cached,
      candidatesTokenCount: counts.output - thoughts,
      ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
      totalTokenCount: counts.total,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: counts.input }],
    },
    modelVersion: answering,
    responseId: 'mNPnaJ7cNaGWz7IPqZ2K0AE',
  }
}

function partsOf({ thinking, text, calls }: ScriptedAnswer): object[] {
  return [
    ...(thinking === undefined ? [] : [{ text: thinking, thought: true }]),
    ...(text === undefined ? [] : [{ text }]),
    ...callParts(calls, thinking !== undefined),
  ]
}

/** Calls have no ids; of parallel ones only the first is signed. */
function callParts(calls: ScriptedAnswer['calls'] = [], signed: boolean): object[] {
  return calls.map(({ name, input: args }, index) => ({
    functionCall: { name, ...(Object.keys(args).length > 0 && { args }) },
    ...(signed && index === 0 && { thoughtSignature: signatures.gemini }),
  }))
}

/** Each call in a chunk of its own, the counts in every chunk, and no terminal but the last chunk's finish reason. */
function events(answer: ScriptedAnswer): string[] {
  const { thinking, text, calls } = answer
  const chunk = (parts: readonly object[], finish?: string): string =>
    sse(envelope(answer, parts, finish), { newline: '\r\n' })
  // What signs an answer without calls stands on a part of its own, without text.
  const end =
    thinking !== undefined && calls === undefined ? { text: '', thoughtSignature: signatures.gemini } : { text: '' }
  return [
    ...halve(thinking).map((piece) => chunk([{ text: piece, thought: true }])),
    ...halve(text).map((piece) => chunk([{ text: piece }])),
    ...callParts(calls, thinking !== undefined).map((part) => chunk([part])),
    chunk([end], endOf(answer, words)),
  ]
}

/** How long to wait is said in the body, and in no header. */
function errorOf(status: 400 | 429 | 500): ErrorAnswer {
  const word = { 400: 'INVALID_ARGUMENT', 429: 'RESOURCE_EXHAUSTED', 500: 'INTERNAL' }[status]
  const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' }]
  return {
    body: { error: { code: status, message: 'no', status: word, ...(status === 429 && { details }) } },
    headers: {},
  }
}

function see(body: Json): Seen {
  const contents = records(body['contents'])
  const partsFrom = (role: string): Json[] =>
    contents.filter((content) => content['role'] === role).flatMap(({ parts }) => records(parts))
  const assistant = records(contents.findLast(({ role }) => role === 'model')?.['parts'])
  const results = contents.map(({ parts }) => records(parts).filter((part) => 'functionResponse' in part))
  const config = member(body, 'generationConfig')
  const thinking = member(config, 'thinkingConfig')
  return {
    ...nothingSeen,
    system: textIn(member(body, 'systemInstruction')['parts']),
    images: partsFrom('user')
      .filter((part) => 'inlineData' in part)
      .map((part) => {
        const { mimeType, data } = member(part, 'inlineData')
        return { mediaType: String(mimeType), data: String(data) }
      }),
    tools: records(body['tools'])
      .flatMap((tool) => records(tool['functionDeclarations']))
      .map((tool) => ({
        name: String(tool['name']),
        schema: lowerTypes(tool['parametersJsonSchema'] ?? tool['parameters']),
      })),
    forced: member(body, 'toolConfig', 'functionCallingConfig')['mode'] === 'ANY',
    schema: lowerTypes(config['responseJsonSchema'] ?? config['responseSchema']),
    reasoning: thinking['thinkingBudget'] ?? String(thinking['thinkingLevel']).toLowerCase(),
    turn: assistant.map(kindOf),
    calls: assistant
      .filter((part) => 'functionCall' in part)
      .map((part) => {
        const { id, name, args } = member(part, 'functionCall')
        return { id: id as string | undefined, name: String(name), input: args ?? {} }
      }),
    results: results.flat().map((part) => {
      const { id, name, response } = member(part, 'functionResponse')
      return { id: id as string | undefined, name: String(name), text: JSON.stringify(response) }
    }),
    resultTurns: results.filter((parts) => parts.length > 0).length,
    signatures: assistant
      .filter((part) => typeof part['thoughtSignature'] === 'string')
      .map((part) => ({
        on: kindOf(part),
        about: String(member(part, 'functionCall')['name'] ?? part['text']),
        signature: String(part['thoughtSignature']),
      })),
  }
}

function kindOf(part: Json): string {
  if ('functionCall' in part) return 'tool-call'
  return part['thought'] === true ? 'reasoning' : 'text'
}

/** This wire's own schemas write types in capitals. */
function lowerTypes(schema: unknown): unknown {
  return JSON.parse(
    JSON.stringify(schema ?? null, (name, value: unknown) =>
      name === 'type' && typeof value === 'string' ? value.toLowerCase() : value,
    ),
  ) as unknown
}
