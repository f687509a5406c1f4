// Recorded text completions: every one decodes, comes back as it was, and tells the tap what it held.
import { describe, expect, it } from 'vitest'
import { openaiCompletions } from '../../../src/dialects/openai-completions/index.ts'
import { unfold } from '../../../src/ir/unfold.ts'
import { createFold } from '../../../src/ir/fold.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import type { IrResponse } from '../../../src/ir/response.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { framesOf, jsonOf as jsonIn, recordings, type Recording } from '../../support/corpus.ts'
import { requireShared } from '../../support/shared.ts'
import {
  brokenRules,
  chunksIn,
  decode,
  encode,
  events,
  exchangeWith,
  framesFor,
  jsonOf,
  valueOf,
  type Json,
} from './support.ts'

const found = requireShared('recorded text completions')
  ? recordings().filter((recording) => recording.endpoint === 'completions')
  : []
const requests = found.filter(({ role }) => role === 'request')
const whole = found.filter(({ role, format }) => role === 'response' && format === 'json')
const streams = found.filter(({ format }) => format === 'sse')

const own = exchangeWith({ wantsUsage: true }, 'openai-completions')

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === null ? [] : [[key, withoutNulls(member)]])),
  )
}

/** What a stream says, put together by nothing of ours. */
function assembled(frames: readonly Frame[]): Json {
  const chunks = chunksIn(frames)
  const entries = chunks.flatMap((entry) => entry['choices'] as Json[])
  return {
    ids: [...new Set(chunks.map(({ id, model, object, created }) => `${id} ${model} ${object} ${created}`))],
    text: entries.map(({ text }) => text).join(''),
    finish: entries.map(({ finish_reason: word }) => word).filter((word) => word !== null),
    usage: chunks.map((entry) => entry['usage']).filter((record) => record !== null && record !== undefined),
  }
}

function fold(list: readonly IrEvent[]): IrResponse {
  const machine = createFold('openai-completions')
  list.forEach((event) => machine.step(event))
  return machine.response()
}

const named = (list: readonly Recording[]): [string, Recording][] =>
  list.map((recording) => [recording.file, recording])

describe.skipIf(found.length === 0)('recorded text completions', () => {
  it('are all here', () => {
    expect([requests.length, whole.length, streams.length]).toEqual([3, 1, 3])
  })

  it.each(named(requests))('request %s comes back as it was', (_file, recording) => {
    const body = jsonIn(recording)
    expect(jsonOf(encode(decode(body)).call.body)).toEqual(withoutNulls(body))
  })

  it.each(named(whole))('answer %s comes back as it was', (_file, recording) => {
    const body = jsonIn(recording)
    const response = valueOf(openaiCompletions.decodeResponse(body))
    const encoded = jsonOf(openaiCompletions.encodeResponse(response, own).body)
    expect(withoutNulls(encoded)).toEqual(withoutNulls(body))
    expect(response).toMatchObject(fold(unfold(response)))
  })

  it.each(named(streams))('stream %s is legal, and comes back saying the same', (_file, recording) => {
    const frames = framesOf(recording)
    expect(brokenRules(frames)).toEqual([])
    const written = framesFor(events(...frames), own)
    expect(assembled(written.frames)).toEqual(assembled(frames))
    expect(written.losses).toEqual([])
    expect(fold(events(...written.frames))).toEqual(fold(events(...frames)))
  })

  it.each(named(streams))('stream %s tells the tap its end, its usage and its text', (_file, recording) => {
    const frames = framesOf(recording)
    const tap = openaiCompletions.streamTap(own)
    const signals = frames.map((entry) => tap.step(entry).type)
    const { finish, usage } = assembled(frames) as { finish: string[]; usage: Json[] }
    expect(signals).toContain('content')
    expect(signals.at(-1)).toBe('end')
    expect(tap.report()).toMatchObject({ complete: true, finish: { raw: finish[0] } })
    expect(tap.report().usage?.input).toBe(usage.at(-1)?.['prompt_tokens'])
    expect(tap.report().usage?.output).toBe(usage.at(-1)?.['completion_tokens'])
  })
})
