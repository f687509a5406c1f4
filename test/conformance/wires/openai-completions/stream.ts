// A stream of OpenAI's legacy completions, read by the suite: put together, and judged.
// https://platform.openai.com/docs/api-reference/completions/create
import type { Frame } from '../../../../src/wire/frame.ts'
import { foldCompletions } from '../../../support/fold-completions.ts'
import { list, parse, record, says, text, type Json } from '../../../support/json.ts'
import { beyond, dropNulls, forOwn, isMintedByUs, payloads } from '../views.ts'
import type { StreamReader } from '../wire.ts'

export const streams: StreamReader = {
  framed: (events) => [...events.map((event) => ({ data: JSON.stringify(event) })), { data: '[DONE]' }],
  assemble: (frames) => foldCompletions(payloads(frames)),
  problems,
  isFinished: (frames) => {
    if (streams.hasTerminator(frames)) return true
    const choices = payloads(frames).flatMap((chunk) => list(chunk['choices']).map(record))
    const finished = new Set(choices.filter((choice) => says(choice['finish_reason'])).map((choice) => choice['index']))
    return finished.size > 0 && choices.every((choice) => finished.has(choice['index']))
  },
  hasTerminator: (frames) => frames.some((frame) => frame.data === '[DONE]'),
  errors: (frames) =>
    payloads(frames)
      .map((chunk) => chunk['error'])
      .filter((error) => says(error))
      .map(record),
  normalise,
  normaliseSdk: normalise,
}

const chunkKeys = new Set('id object created model choices usage system_fingerprint obfuscation'.split(' '))
const choiceKeys = new Set('text index logprobs finish_reason'.split(' '))

function problems(frames: readonly Frame[], own = false): string[] {
  const found: string[] = []
  const done = frames.filter((frame) => frame.data === '[DONE]').length
  if (done !== 1 || frames.at(-1)?.data !== '[DONE]') found.push(`${done} times [DONE], or not at the end`)
  const ids = new Set<unknown>()
  const finished = new Map<number, number>()
  for (const frame of frames.filter((entry) => entry.data !== '[DONE]')) {
    if (frame.event !== undefined) found.push(`a chunk with an event name: ${frame.event}`)
    const chunk = record(parse(frame.data))
    ids.add(chunk['id'])
    if (chunk['object'] !== 'text_completion') found.push(`object is ${String(chunk['object'])}`)
    if (typeof chunk['model'] !== 'string' || typeof chunk['created'] !== 'number') found.push('no model or created')
    for (const key of Object.keys(chunk)) if (!chunkKeys.has(key)) found.push(beyond(`chunk key ${key}`))
    for (const choice of list(chunk['choices']).map(record)) {
      const index = choice['index'] as number
      if (!Number.isInteger(index)) found.push('a choice without index')
      if ((finished.get(index) ?? 0) > 0) found.push(`choice ${index} goes on after its finish reason`)
      if (typeof choice['text'] !== 'string') found.push('a choice without text')
      for (const key of Object.keys(choice)) if (!choiceKeys.has(key)) found.push(beyond(`choice key ${key}`))
      finished.set(index, (finished.get(index) ?? 0) + (says(choice['finish_reason']) ? 1 : 0))
    }
  }
  if (ids.size !== 1 || text([...ids][0]) === '') found.push(`${ids.size} different ids, or an empty one`)
  for (const [choice, count] of finished) if (count !== 1) found.push(`choice ${choice}: ${count} finish reasons`)
  return forOwn(found, own)
}

/** Absent ≡ null; an id, and a finish reason, where the provider gave none. */
function normalise(assembled: Json): Json {
  const { id, ...rest } = dropNulls(assembled) as Json
  return {
    ...rest,
    id: says(id) && !isMintedByUs(text(id)) ? id : 'minted',
    choices: list(rest['choices'])
      .map(record)
      .map((choice) => ({ ...choice, finish_reason: text(choice['finish_reason']) || 'stop' })),
  }
}
