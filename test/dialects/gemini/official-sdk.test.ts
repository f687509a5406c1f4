// Google's own SDK as the client: what it sends is understood, and what we write is read as the answer it is. Nothing
// leaves the process: its fetch is ours.
import { ApiError, FunctionCallingConfigMode, GoogleGenAI, ThinkingLevel, type Content } from '@google/genai'
import { describe, expect, it, vi } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import { GatewayError } from '../../../src/ir/error.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import type { IrResponse } from '../../../src/ir/response.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { encodeSse } from '../../../src/wire/sse-encode.ts'
import { documentOf, encodeEvents, exchange, valueOf } from './support.ts'

interface Seen {
  readonly path: string
  readonly query: string
  readonly request: IrRequest
}

/** A client whose requests are decoded, and answered with these bytes. */
function clientFor(body: Uint8Array, { status = 200, type = 'application/json' } = {}) {
  const seen: Seen[] = []
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { pathname, searchParams } = new URL(String(url))
    const path = decodeURIComponent(pathname)
    const task = path.endsWith(':countTokens') ? ('count-tokens' as const) : ('generate' as const)
    const wire = { task, path, query: searchParams, headers: new Headers(init?.headers), body: documentOf(init?.body) }
    valueOf(gemini.facts(wire))
    seen.push({ path, query: String(searchParams), request: valueOf(gemini.decodeRequest(wire)) })
    return new Response(body as BodyInit, { status, headers: { 'content-type': type } })
  }
  const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: 'http://sdk.invalid', fetch } })
  return { client, seen }
}

const whole = (response: Partial<IrResponse>) =>
  gemini.encodeResponse({ source: 'openai-chat', outputs: [], ...response }, exchange).body
const streaming = (frames: readonly Frame[]) => clientFor(encodeSse(frames), { type: 'text/event-stream' })

const toolCall = { type: 'tool-call', id: 'call_1', name: 'f', input: '{"a":1}' } as const
const answered: IrEvent[] = [
  { type: 'response-start', id: 'i', model: 'm' },
  { type: 'part-start', part: 0, choice: 0, opening: { type: 'reasoning' } },
  { type: 'reasoning-delta', part: 0, text: 'hm' },
  { type: 'part-end', part: 0 },
  { type: 'part-start', part: 1, choice: 0, opening: { type: 'text' } },
  { type: 'text-delta', part: 1, text: 'Grüße ' },
  { type: 'text-delta', part: 1, text: '🙂' },
  { type: 'part-end', part: 1 },
  { type: 'part-start', part: 2, choice: 0, opening: { type: 'tool-call', id: 'call_1', name: 'f' } },
  { type: 'tool-input-delta', part: 2, text: '{"a":1}' },
  { type: 'signature-delta', part: 2, signature: 'c2ln' },
  { type: 'part-end', part: 2 },
  { type: 'choice-finish', choice: 0, finish: { class: 'tool' } },
  { type: 'usage-report', usage: { evidence: 'reported', input: 3, output: 9, reasoning: 4 } },
  { type: 'response-end' },
]

// The SDK tells everybody who reads the text of an answer that there are calls in it, too.
vi.spyOn(console, 'warn').mockImplementation(() => {})

describe('what the SDK sends', () => {
  it('is read as what its caller meant', async () => {
    const { client, seen } = clientFor(whole({ outputs: [{ index: 0, parts: [{ type: 'text', text: 'x' }] }] }))
    await client.models.generateContent({
      model: 'gemini-2.5-flash',
      contents: 'hi',
      config: {
        systemInstruction: 'be',
        maxOutputTokens: 5,
        temperature: 0.5,
        stopSequences: ['x'],
        thinkingConfig: { includeThoughts: true, thinkingLevel: ThinkingLevel.LOW },
        responseMimeType: 'application/json',
        responseJsonSchema: { type: 'object' },
        tools: [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: { type: 'object' } }] }],
        toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['f'] } },
      },
    })
    expect(seen[0]).toMatchObject({
      path: expect.stringMatching(/^\/v1(?:beta)?\/models\/gemini-2\.5-flash:generateContent$/) as unknown,
      request: {
        model: 'gemini-2.5-flash',
        instructions: [{ type: 'text', text: 'be' }],
        turns: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
        sampling: { maxOutputTokens: 5, temperature: 0.5, stop: ['x'] },
        reasoning: { effort: 'low' },
        output: { type: 'json-schema', schema: { type: 'object' } },
        tools: [{ type: 'function', name: 'f', schema: { type: 'object' } }],
        toolChoice: { mode: 'tool', name: 'f' },
      },
    })
  })

  it('asks for a stream of events', async () => {
    const { client, seen } = streaming(encodeEvents(answered).frames)
    for await (const _chunk of await client.models.generateContentStream({ model: 'm', contents: 'hi' }));
    expect(seen[0]).toMatchObject({ query: 'alt=sse', request: { stream: true } })
  })

  it('asks how many tokens', async () => {
    const { client, seen } = clientFor(gemini.tokenCounting?.encodeResponse(7) ?? new Uint8Array())
    expect(await client.models.countTokens({ model: 'm', contents: 'hi' })).toMatchObject({ totalTokens: 7 })
    expect(seen[0]?.request.turns).toHaveLength(1)
  })
})

describe('what the SDK reads', () => {
  it('is a whole answer', async () => {
    const parts = [{ type: 'text', text: 'hi' } as const, toolCall]
    const usage = { evidence: 'reported', input: 3, cacheRead: 2, output: 9, reasoning: 4 } as const
    const { client } = clientFor(whole({ outputs: [{ index: 0, parts, finish: { class: 'tool' } }], usage }))
    const answer = await client.models.generateContent({ model: 'm', contents: 'x' })
    expect(answer.text).toBe('hi')
    expect(answer.functionCalls).toEqual([{ id: 'call_1', name: 'f', args: { a: 1 } }])
    expect(answer.candidates?.[0]?.finishReason).toBe('STOP')
    expect(answer.usageMetadata).toMatchObject({
      promptTokenCount: 5,
      cachedContentTokenCount: 2,
      candidatesTokenCount: 5,
      thoughtsTokenCount: 4,
      totalTokenCount: 14,
    })
  })

  it('is a stream', async () => {
    const { client } = streaming(encodeEvents(answered).frames)
    const texts: string[] = []
    const calls: unknown[] = []
    let last: unknown
    for await (const chunk of await client.models.generateContentStream({ model: 'm', contents: 'x' })) {
      texts.push(chunk.text ?? '')
      calls.push(...(chunk.functionCalls ?? []))
      last = chunk
    }
    expect(texts.join('')).toBe('Grüße 🙂')
    expect(calls).toEqual([{ id: 'call_1', name: 'f', args: { a: 1 } }])
    expect(last).toMatchObject({
      candidates: [{ finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, thoughtsTokenCount: 4 },
    })
  })

  it('is kept in a chat with its signature, and comes back with the results', async () => {
    const { client, seen } = streaming(encodeEvents(answered).frames)
    const chat = client.chats.create({ model: 'm' })
    for await (const _chunk of await chat.sendMessageStream({ message: 'go' }));
    const result = { functionResponse: { id: 'call_1', name: 'f', response: { output: 'done' } } }
    for await (const _chunk of await chat.sendMessageStream({ message: [result] }));
    const history: Content[] = chat.getHistory()
    expect(history.length).toBeGreaterThan(2)
    const parts = seen[1]?.request.turns.flatMap((turn) => turn.parts)
    expect(parts?.find((part) => part.type === 'tool-call')).toMatchObject({ ...toolCall, signature: 'c2ln' })
    expect(parts?.find((part) => part.type === 'tool-result')).toMatchObject({ callId: 'call_1' })
  })

  it('is an error before the first byte', async () => {
    const { status, body } = gemini.encodeError(new GatewayError('upstream_rate_limited', { retryAfterMs: 2000 }), 'r')
    const { client } = clientFor(body, { status })
    const failure = await client.models.generateContent({ model: 'm', contents: 'x' }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ApiError)
    expect(failure).toMatchObject({ status: 429, message: expect.stringContaining('upstream_rate_limited') as unknown })
  })

  it('is an error after the first byte', async () => {
    const cut: IrEvent[] = [...answered.slice(0, 7), { type: 'error', error: new GatewayError('stream_truncated') }]
    const { client } = streaming(encodeEvents(cut).frames)
    const texts: string[] = []
    const read = async (): Promise<void> => {
      for await (const chunk of await client.models.generateContentStream({ model: 'm', contents: 'x' }))
        texts.push(chunk.text ?? '')
    }
    // Thrown as soon as the error's bytes are there, which in one piece is at once.
    await expect(read()).rejects.toMatchObject({ status: 502 })
  })
})
