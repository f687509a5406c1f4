// The `@google/genai` package: `generateContent` and its siblings.
import { ApiError, GoogleGenAI, type Content, type GenerateContentResponse, type Part } from '@google/genai'
import { recordingFetch } from '../recording-fetch.ts'
import {
  finishOf,
  full,
  instructions,
  maxTokens,
  thinkingBudget,
  toolSchema,
  type Heard,
  type Question,
  type SdkClient,
} from '../sdk-client.ts'

export function genai(url: string, key: string): SdkClient {
  const fetch = recordingFetch('gemini')
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, fetch } })
  return {
    name: 'genai',
    dialect: 'gemini',
    abilities: full,
    faults: fetch.faults,
    exchanges: fetch.exchanges,
    failureOf: (cause) => (cause instanceof ApiError ? { status: cause.status } : undefined),
    isAbort: (cause) => cause instanceof Error && cause.name === 'AbortError',
    async ask(question, streamed) {
      const request = { model: question.model, contents: contentsOf(question), config: configOf(question) }
      if (!streamed) return heardOf([await client.models.generateContent(request)])
      const chunks: GenerateContentResponse[] = []
      for await (const chunk of await client.models.generateContentStream(request)) {
        chunks.push(chunk)
        if (partsOf([chunk]).some((part) => part.text && part.thought !== true)) question.onFirst?.()
      }
      return heardOf(chunks)
    },
    async countTokens(question) {
      // The SDK takes no system instruction here for this API.
      const counted = await client.models.countTokens({ model: question.model, contents: contentsOf(question) })
      return counted.totalTokens
    },
  }
}

function configOf(question: Question) {
  return {
    systemInstruction: instructions,
    maxOutputTokens: maxTokens,
    ...(question.signal && { abortSignal: question.signal }),
    ...(question.tools && {
      tools: [
        {
          functionDeclarations: [{ name: 'get_weather', description: 'Weather', parametersJsonSchema: toolSchema }],
        },
      ],
    }),
    ...(question.think && { thinkingConfig: { includeThoughts: true, thinkingBudget } }),
    ...(question.schema && { responseMimeType: 'application/json', responseJsonSchema: question.schema }),
  }
}

function contentsOf({ text, image, followUp }: Question): Content[] {
  const parts: Part[] = [{ text }]
  if (image !== undefined) parts.push({ inlineData: { mimeType: 'image/png', data: image } })
  const asked: Content = { role: 'user', parts }
  if (followUp === undefined) return [asked]
  const results = followUp.heard.calls.map((call, index): Part => ({
    functionResponse: {
      ...(call.id !== '' && { id: call.id }),
      name: call.name,
      response: { output: followUp.results[index] ?? '' },
    },
  }))
  return [asked, followUp.heard.turn as Content, { role: 'user', parts: results }]
}

function partsOf(chunks: readonly GenerateContentResponse[]): Part[] {
  return chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? [])
}

function heardOf(chunks: readonly GenerateContentResponse[]): Heard {
  const parts = partsOf(chunks)
  const calls = parts.flatMap(({ functionCall: call }) =>
    call === undefined ? [] : [{ id: call.id ?? '', name: call.name ?? '', input: call.args ?? {} }],
  )
  const finish = chunks.map((chunk) => chunk.candidates?.[0]?.finishReason).findLast((reason) => reason !== undefined)
  const usage = chunks.map((chunk) => chunk.usageMetadata).findLast((counts) => counts !== undefined)
  return {
    text: parts.map((part) => (part.thought === true ? '' : (part.text ?? ''))).join(''),
    thinking: parts.map((part) => (part.thought === true ? (part.text ?? '') : '')).join(''),
    calls,
    // This wire has no word for the end that calls tools.
    finish: finishOf(finish, { STOP: calls.length > 0 ? 'tool' : 'stop', MAX_TOKENS: 'length' }),
    usage: {
      input: usage?.promptTokenCount,
      cached: usage?.cachedContentTokenCount ?? 0,
      output: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
    },
    model: chunks.map((chunk) => chunk.modelVersion).findLast((version) => version !== undefined),
    turn: { role: 'model', parts },
  }
}
