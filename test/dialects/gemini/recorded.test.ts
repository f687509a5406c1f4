// Recorded traffic: everything is decoded, and what came in on this wire goes out on it as it was.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { requireShared, sharedPath } from '../../support/shared.ts'
import { expectLegal } from '../../support/stream-grammar.ts'
import {
  chunksOf,
  decode,
  decodeFrames,
  encode,
  encodeEvents,
  exchange,
  fold,
  frame,
  jsonOf,
  recorded,
  recordedFrames,
  recordedJson,
  sent,
  valueOf,
  type Json,
} from './support.ts'

const generates = (name: string): boolean => !/embedding|count-tokens/.test(name)
const fails = (name: string): boolean => /error|not-found/.test(name)

/** What chunks add up to: parts in order, of which texts that nothing sets apart are one; of all else the last word. */
function assembled(frames: readonly Frame[]): Json {
  const parts: Json[] = []
  let around: Json = {}
  let whole: Json = {}
  for (const { candidates, ...rest } of chunksOf(frames)) {
    whole = { ...whole, ...rest }
    for (const { content, ...more } of (candidates ?? []) as { content?: { parts?: Json[] } }[]) {
      around = { ...around, ...more }
      for (const part of content?.parts ?? []) append(parts, part)
    }
  }
  return { ...whole, candidate: { ...around, parts } }
}

function append(parts: Json[], part: Json): void {
  const last = parts.at(-1)
  if (part['text'] === '' && Object.keys(part).length === 1) return
  const joins = last !== undefined && isPlain(last) && isPlain(part) && last['thought'] === part['thought']
  if (joins) last['text'] = String(last['text']) + String(part['text'])
  else parts.push({ ...part })
}

function isPlain(part: Json): boolean {
  return typeof part['text'] === 'string' && Object.keys(part).every((key) => key === 'text' || key === 'thought')
}

describe.runIf(requireShared('recorded Gemini traffic'))('recorded traffic', () => {
  it('is there', () => {
    expect(recorded('.json').length).toBeGreaterThan(20)
    expect(recorded('.sse').length).toBeGreaterThan(4)
  })

  describe('a request comes back as it was', () => {
    it.each(recorded('.request.json').filter(generates))('%s', (name) => {
      const body = recordedJson(name)
      const encoded = encode(decode(body))
      expect(sent(encoded)).toEqual(body)
      expect(encoded.losses).toEqual([])
    })
  })

  describe('an answer comes back as it was', () => {
    const answers = recorded('.response.json').filter((name) => generates(name) && !fails(name))
    it.each(answers)('%s', (name) => {
      const body = recordedJson(name)
      const { body: encoded, losses } = gemini.encodeResponse(valueOf(gemini.decodeResponse(body)), exchange)
      expect(jsonOf(encoded)).toEqual(body)
      expect(losses).toEqual([])
    })
    it.each(answers)('%s is complete', (name) => {
      expect(valueOf(gemini.inspectResponse(recordedJson(name))).complete).toBe(true)
    })
  })

  describe('an error is told by its status', () => {
    it.each(recorded('.response.json').filter(fails))('%s', (name) => {
      const error = gemini.decodeError(404, new Headers(), recordedJson(name))
      expect(error).toMatchObject({ code: 'upstream_model_missing', upstream: { status: 404, type: 'NOT_FOUND' } })
    })
  })

  describe('a stream', () => {
    const streams = recorded('.sse')
    it.each(streams)('%s says the same when it was written anew', (name) => {
      const frames = recordedFrames(name)
      const again = encodeEvents(decodeFrames(frames))
      expect(assembled(again.frames)).toEqual(assembled(frames))
      expect(again.losses).toEqual([])
    })

    it.each(streams)('%s is legal, as it came and written anew', (name) => {
      const frames = recordedFrames(name)
      expectLegal('gemini', frames)
      expectLegal('gemini', encodeEvents(decodeFrames(frames)).frames)
    })

    it.each(streams)('%s folds to the same answer when it was written anew', (name) => {
      const events = decodeFrames(recordedFrames(name))
      expect(fold(decodeFrames(encodeEvents(events).frames))).toEqual(fold(events))
    })

    it.each(streams)('%s is watched to its end', (name) => {
      const tap = gemini.streamTap(exchange)
      const events = decodeFrames(recordedFrames(name))
      const { finish } = fold(events).outputs[0] ?? {}
      for (const entry of recordedFrames(name)) tap.step(entry)
      expect(tap.report()).toMatchObject({ complete: true, finish, usage: fold(events).usage })
    })

    it.each(streams)('%s is no answer where it was cut before its finish', (name) => {
      const frames = recordedFrames(name)
      const last = decodeFrames(frames.slice(0, -1)).at(-1)
      expect(last).toMatchObject({ type: 'error', error: { code: 'stream_truncated' } })
    })
  })
})

const folder = sharedPath('corpus', 'parallel')

/** Files of the cases that were captured on several wires: objects as an SDK hands them out. */
function parallel(pattern: RegExp): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.includes('/google/') && pattern.test(path))
    .toSorted()
}

function parallelJson(path: string): unknown {
  return JSON.parse(readFileSync(`${folder}/${path}`, 'utf8')) as unknown
}

/** Without what the SDK adds about its transport. */
function answered(value: unknown): Json {
  const { sdkHttpResponse: _transport, ...body } = value as Json
  return body
}

describe.runIf(requireShared('parallel Gemini cases'))('a case that was captured on several wires', () => {
  it.each(parallel(/request\.json$/))('%s comes back as it was', (path) => {
    // The model stands in the path on this wire.
    const { model: _model, ...body } = parallelJson(path) as Json
    expect(sent(encode(decode(body)))).toEqual(body)
  })

  it.each(parallel(/response\.json$/))('%s comes back as it was', (path) => {
    const body = answered(parallelJson(path))
    const { body: encoded, losses } = gemini.encodeResponse(valueOf(gemini.decodeResponse(body)), exchange)
    expect(jsonOf(encoded)).toEqual(body)
    expect(losses).toEqual([])
  })

  it.each(parallel(/response-streaming\.json$/))('%s says the same when it was written anew', (path) => {
    const frames = (parallelJson(path) as unknown[]).map((chunk) => frame(answered(chunk)))
    const again = encodeEvents(decodeFrames(frames)).frames
    expectLegal('gemini', again)
    expect(assembled(again)).toEqual(assembled(frames))
  })

  it.each(parallel(/error\.json$/))('%s is what the provider refused', (path) => {
    const { error } = parallelJson(path) as { error: string }
    const body = JSON.parse(error.slice(error.indexOf('{'))) as Json
    expect(gemini.decodeError(400, new Headers(), body)).toMatchObject({ code: 'upstream_rejected', status: 400 })
  })
})
