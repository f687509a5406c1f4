// Every recorded answer of a compatible provider, read by the official SDK once the provider's quirks are mended.
import { describe, expect, it } from 'vitest'
import { presets } from '../../../../src/catalog/presets.ts'
import { openaiChat } from '../../../../src/dialects/openai-chat/index.ts'
import { createNormaliser, normaliseResponse } from '../../../../src/dialects/openai-chat/quirks/index.ts'
import { hiddenError } from '../../../../src/dialects/openai-wire/errors.ts'
import type { QuirkName } from '../../../../src/ir/traits.ts'
import type { Frame } from '../../../../src/wire/frame.ts'
import { parseJson } from '../../../../src/wire/json-parse.ts'
import { framesOf, jsonOf, recordings, type Recording } from '../../../support/corpus.ts'
import { foldChat } from '../../../support/sdk-fold.ts'
import { requireShared } from '../../../support/shared.ts'
import { exchangeWith, valueOf } from '../support.ts'
import { clientView, decodedStream, normalise, quirksOf, viewOf } from './support.ts'

type Type = keyof typeof presets

// The index names who was recorded; the file of a gateway names a type.
const types: Readonly<Record<string, Type>> = {
  'anthropic-openai-compat': 'anthropic_openai',
  // Clients that had a key of OpenRouter under OpenAI's address.
  'openai-url-other-model': 'openrouter',
  'llama.cpp': 'llama_cpp',
  google: 'gemini_openai',
  gemini: 'gemini_openai',
  anthropic: 'anthropic_openai',
}

// Their presets are beside those of OpenAI's imitators: the quirks are what a provider of the type would be given.
const azure: readonly QuirkName[] = [...quirksOf('openai_compatible'), 'head_unsound', 'cached_exceeds_prompt']

function quirksFor({ provider }: Recording): readonly QuirkName[] {
  if (provider === 'azure') return azure
  return quirksOf(types[provider] ?? (provider in presets ? (provider as Type) : 'openai_compatible'))
}

function answers(format: Recording['format']): readonly Recording[] {
  return recordings().filter(
    (entry) =>
      entry.role === 'response' &&
      entry.dialect === 'openai-chat' &&
      entry.endpoint === 'chat.completions' &&
      entry.status < 300 &&
      entry.format === format,
  )
}

function isError(frames: readonly Frame[]): boolean {
  return frames.some((frame) => frame.event === 'error' || hiddenError(parseJson(frame.data)) !== undefined)
}

function choicesIn(frames: readonly Frame[]): number {
  return Math.max(1, decodedStream(frames).outputs.length)
}

describe.runIf(requireShared('recorded quirks'))('recorded streams', () => {
  const streams = answers('sse').map((recording) => ({ recording, frames: framesOf(recording) }))
  const whole = streams.filter(({ frames }) => !isError(frames))
  const rows = (of: typeof streams) => of.map((row) => [row.recording.file, row] as const)

  it('are there', () => {
    expect(whole.length).toBeGreaterThan(15)
  })

  const imitators = whole.filter(({ recording }) => recording.provider !== 'openai')

  it.each(rows(imitators))('%s: the SDK reads it with the quirks of its type', async (_, { recording, frames }) => {
    const mended = normalise(frames, quirksFor(recording), choicesIn(frames))
    const read = await foldChat(mended.frames)
    if (!read.ok) throw new Error(read.error)
    const { choices, usage } = clientView(read.value)
    const own = viewOf(decodedStream(frames))
    expect(choices).toEqual(own.choices)
    expect(usage).toEqual(own.usage)
  })

  it.each(rows(whole))('%s: the SDK reads it from a provider of no known vendor', async (_, { frames }) => {
    const mended = normalise(frames, quirksOf('openai_compatible'), choicesIn(frames))
    const read = await foldChat(mended.frames)
    if (!read.ok) throw new Error(read.error)
    expect(clientView(read.value).choices).toEqual(viewOf(decodedStream(frames)).choices)
  })

  it.each(rows(streams))('%s: our decoder reads the same before and after', (_, { recording, frames }) => {
    const mended = normalise(frames, quirksFor(recording), choicesIn(frames))
    expect(viewOf(decodedStream(mended.frames))).toEqual(viewOf(decodedStream(frames)))
  })

  it.each(rows(streams))('%s: mended once, there is nothing left to mend', (_, { recording, frames }) => {
    const quirks = quirksFor(recording)
    const once = normalise(frames, quirks, choicesIn(frames)).frames.map(({ data }) => ({ data }))
    const twice = normalise(once, quirks, choicesIn(frames))
    expect(twice.frames.map(({ data }) => data)).toEqual(once.map(({ data }) => data))
  })

  // A forced tool ends with `stop` at OpenAI too; an agent behind an imitator would take it for the end of the turn.
  const lies = 'openai-chat/openai-tool-openai-gpt-4o-completions.1.sse'
  const own = streams.filter(({ recording: { provider, file } }) => provider === 'openai' && file !== lies)

  it.each(rows(own))('%s: what OpenAI sends itself keeps its bytes', (_, { frames }) => {
    const everything = quirksOf('openai_compatible')
    expect(normalise(frames, everything, choicesIn(frames)).same).toBe(frames.length)
  })

  it.each(rows(streams))('%s: what may go by unread would have gone by as it is', (_, { recording, frames }) => {
    const quirks = quirksFor(recording)
    const normaliser = createNormaliser(quirks, exchangeWith({ choices: choicesIn(frames) }))
    for (const frame of frames) {
      const skimmed = normaliser.skim(`data: ${frame.data}\n\n`)
      const step = normaliser.step(frame)
      if (skimmed) expect(step).toBe('same')
    }
  })
})

describe.runIf(requireShared('recorded quirks'))('recorded whole answers', () => {
  it.each(answers('json').map((recording) => [recording.file, recording] as const))(
    '%s: reads as our decoder reads it',
    (_, recording) => {
      const body = jsonOf(recording)
      const quirks = quirksFor(recording)
      const before = JSON.stringify(body)
      const mended = normaliseResponse(body, quirks, exchangeWith())
      const answer = mended === 'same' ? body : mended
      const { choices, usage } = clientView(answer)
      const own = viewOf(valueOf(openaiChat.decodeResponse(body)))
      expect(choices.map(({ text, calls }) => ({ text, calls }))).toEqual(
        own.choices.map(({ text, calls }) => ({ text, calls })),
      )
      expect(choices.map(({ finish }) => finish)).toEqual(own.choices.map(({ finish }) => finish))
      expect(usage).toEqual(own.usage)
      expect(JSON.stringify(body), 'the answer given is changed in place').toBe(before)
      expect(normaliseResponse(answer, quirks, exchangeWith())).toBe('same')
    },
  )
})
