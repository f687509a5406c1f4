// Recorded traffic: what Bedrock answered is read and comes back, and what clients of every wire asked becomes a request
// that the service model takes, for the models of every maker.
import { describe, expect, it } from 'vitest'
import { dialects } from '../../../src/dialects/index.ts'
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import { requests } from '../../conformance/wires/bedrock-converse/request.ts'
import { callErrors } from '../../support/bedrock-model.ts'
import { framesOf, jsonOf as recordedJson, recordings, type Recording } from '../../support/corpus.ts'
import { foldBedrock } from '../../support/fold-bedrock.ts'
import { list, record } from '../../support/json.ts'
import { requireShared } from '../../support/shared.ts'
import { readStream } from '../../support/stream-grammar.ts'
import {
  claude,
  decodeStream,
  documentOf,
  encodeStream,
  exchangeFrom,
  folded,
  framesOf as framed,
  jsonOf,
  nova,
  valueOf,
  type Json,
} from './support.ts'

const models = [
  claude,
  nova,
  'us.amazon.nova-2-lite-v1:0',
  'openai.gpt-oss-120b-1:0',
  'meta.llama3-3-70b-instruct-v1:0',
]

const hasCorpus = requireShared('recordings of Bedrock')
const all = hasCorpus ? recordings().filter(({ task }) => task === 'generate') : []
const own = all.filter(({ dialect }) => dialect === 'bedrock-converse')
const streams = own.filter(({ role, format }) => role === 'response' && format === 'eventstream')

function decoded(recording: Recording): IrRequest {
  const { dialect, model, stream } = recording
  const named = recordedJson(recording)
  const path =
    dialect === 'gemini'
      ? `/v1beta/models/${model}:${stream ? 'streamGenerateContent' : 'generateContent'}`
      : `/model/${model}/${stream ? 'converse-stream' : 'converse'}`
  const body = dialect === 'anthropic-messages' || dialect === 'openai-chat' ? { model, ...named } : named
  return valueOf(
    dialects[dialect].decodeRequest({
      task: 'generate',
      path,
      query: new URLSearchParams(),
      headers: new Headers(),
      body: documentOf(body),
    }),
  )
}

/** A request of a dialect that is under construction beside this one says nothing about this one. */
function isReadable(recording: Recording): boolean {
  try {
    decoded(recording)
    return true
  } catch {
    return false
  }
}

function breakpoints(request: IrRequest): number {
  return (JSON.stringify(request).match(/"cache":\{/g) ?? []).length
}

describe.runIf(hasCorpus)('recorded answers', () => {
  it('are there', () => {
    expect(streams.length).toBeGreaterThan(5)
  })

  it.each(streams.map((recording) => [recording.file, recording] as const))(
    '%s is a legal stream and comes back',
    (_file, recording) => {
      const frames = framesOf(recording)
      expect(readStream('bedrock-converse', frames).faults).toEqual([])
      const events = decodeStream(frames)
      expect(folded(events).error).toBeUndefined()
      expect(events.filter(({ type }) => type === 'event-skip')).toEqual([])
      expect(foldBedrock(framed(encodeStream(events, 'bedrock-converse').events))).toEqual(foldBedrock(frames))
    },
  )

  it.each(streams.map((recording) => [recording.file, recording] as const))(
    '%s folds to a whole answer',
    (_file, recording) => {
      const { response } = folded(decodeStream(framesOf(recording)))
      const { body } = bedrockConverse.encodeResponse(response, exchangeFrom('bedrock-converse'))
      expect(jsonOf(body)).toEqual(foldBedrock(framesOf(recording)))
    },
  )

  const whole = own.filter(({ role, format, status }) => role === 'response' && format === 'json' && status === 200)
  it.each(whole.map((recording) => [recording.file, recording] as const))('%s comes back', (_file, recording) => {
    const response = valueOf(bedrockConverse.decodeResponse(recordedJson(recording)))
    expect(jsonOf(bedrockConverse.encodeResponse(response, exchangeFrom('bedrock-converse')).body)).toEqual(
      recordedJson(recording),
    )
  })

  it('that guardrails replaced keep their text and their trace', () => {
    const recording = streams.find(({ exercises }) => exercises.includes('guardrail-trace'))
    const { response } = folded(decodeStream(framesOf(recording as Recording)))
    expect(response.outputs[0]?.finish).toMatchObject({ class: 'filter', raw: 'guardrail_intervened' })
    expect(Object.keys(response.extras ?? {})).toContain('trace')
  })

  it('that failed say why', () => {
    const failed = own.filter(({ role, status }) => role === 'response' && status >= 400)
    const codes = failed.map(
      (recording) =>
        bedrockConverse.decodeError(recording.status, new Headers(recording.headers), recordedJson(recording)).code,
    )
    expect(codes.toSorted()).toEqual(['upstream_auth', 'upstream_context_overflow'])
  })
})

describe.runIf(hasCorpus)('recorded requests', () => {
  const asked = all.filter(({ role, dialect }) => role === 'request' && dialect !== 'openai-completions')

  it.each(asked.filter(isReadable).map((recording) => [recording.file, recording] as const))(
    '%s',
    (_file, recording) => {
      const request = decoded(recording)
      for (const model of models) {
        const outcome = bedrockConverse.encodeRequest(request, { model })
        if (!outcome.ok) {
          expect(outcome.error.code, model).toMatch(/^unsupported_content$|^invalid_messages$/)
          continue
        }
        const { call, losses } = outcome.value
        const body = jsonOf(call.body)
        expect(callErrors(call.path, body), model).toEqual([])
        if (recording.dialect === 'bedrock-converse') continue
        expect(requests.problems(body), model).toEqual([])
        const arrived = (JSON.stringify(body).match(/"cachePoint"/g) ?? []).length
        const dropped = losses.filter(
          ({ path, action }) => action === 'dropped' && /\.(?:cache_control|prompt_cache_breakpoint)$/.test(path),
        ).length
        expect(arrived, model).toBeLessThanOrEqual(4)
        expect(arrived + dropped, model).toBe(breakpoints(request))
      }
    },
  )

  it('are nearly all readable', () => {
    expect(asked.filter(isReadable).length).toBeGreaterThan(asked.length * 0.6)
  })

  it('of Bedrock are unchanged', () => {
    for (const recording of asked.filter(({ dialect }) => dialect === 'bedrock-converse')) {
      const { call, losses } = valueOf(bedrockConverse.encodeRequest(decoded(recording), { model: recording.model }))
      expect(jsonOf(call.body), recording.file).toEqual(recordedJson(recording))
      expect(losses).toEqual([])
      expect(decodeURIComponent(call.path)).toBe(`/model/${recording.model}/${recording.endpoint}`)
    }
  })

  it('hold what this test is about', () => {
    const bodies = asked.map((recording) => JSON.stringify(recordedJson(recording)))
    for (const word of ['cache_control', 'cachePoint', 'tool_result', 'thinking', 'image_url'])
      expect(
        bodies.some((body) => body.includes(word)),
        word,
      ).toBe(true)
  })
})

describe.runIf(hasCorpus)('a recorded tool loop of Chat', () => {
  it('keeps ids and order over the wire and back', () => {
    const recording = all.find(
      ({ dialect, role, exercises }) =>
        dialect === 'openai-chat' && role === 'request' && exercises.includes('req-tool-result'),
    )
    const { call } = valueOf(bedrockConverse.encodeRequest(decoded(recording as Recording), { model: claude }))
    const ids = (key: string): unknown[] =>
      list(jsonOf(call.body)['messages']).flatMap((message) =>
        list(record(message)['content']).flatMap((block) => record((record(block) as Json)[key])['toolUseId'] ?? []),
      )
    expect(ids('toolResult').toSorted()).toEqual(ids('toolUse').toSorted())
  })
})
