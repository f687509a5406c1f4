// The chunks of a stream as canonical events. Owns the stream as a whole: its head, its end, and what is no chunk.
// https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
import { GatewayError } from '../../ir/error.ts'
import type { IrEvent } from '../../ir/event.ts'
import type { Finish } from '../../ir/response.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamDecoder } from '../dialect.ts'
import { countOf } from '../kit/present.ts'
import { createCallIds, mintedPrefix, type CallIds } from './call-ids.ts'
import { answerExtras, blockOf, namesOf } from './decode-response.ts'
import { decodeEmbeddedError, hidesError } from './errors.ts'
import type { Members } from './extras.ts'
import { camelKeys, camelRecord, repeated } from './names.ts'
import { createStreamCandidate, type StreamCandidate } from './stream-candidate.ts'
import { decodeUsage } from './usage.ts'

/** A decoder for one stream. The wire has no terminal: the end of the bytes is one where every candidate has finished. */
export function createStreamDecoder(): StreamDecoder {
  const candidates = new Map<number, StreamCandidate>()
  let ids: CallIds | undefined
  let parts = 0
  let started = false
  let ended = false
  let block: Finish | undefined
  // Cumulative from chunk to chunk, but the last one of Vertex may say less than those before.
  let usage: Members = {}
  let told = ''

  function candidateAt(index: number, chunk: Members): StreamCandidate {
    const known = candidates.get(index)
    if (known !== undefined) return known
    ids ??= createCallIds(mintedPrefix(chunk['responseId'], JSON.stringify(chunk['candidates'] ?? '')))
    const { called } = ids
    const fresh = createStreamCandidate({ choice: index, nextPart: () => parts++, called })
    candidates.set(index, fresh)
    return fresh
  }

  function head(chunk: Members): IrEvent[] {
    const extras = answerExtras(chunk)
    const said = JSON.stringify(extras)
    const repeats = said === told
    told = said
    if (!started) {
      started = true
      return [{ type: 'response-start', ...namesOf(chunk), extras }]
    }
    return repeats ? [] : [{ type: 'extras-add', scope: 'response', choice: 0, extras }]
  }

  function count(value: unknown): IrEvent[] {
    if (!isObject(value)) return []
    usage = { ...usage, ...value }
    const counted = decodeUsage(usage)
    return counted === undefined ? [] : [{ type: 'usage-report', usage: counted }]
  }

  function read(chunk: Members): IrEvent[] {
    const events = [...head(chunk), ...count(chunk['usageMetadata'])]
    repeated(chunk['candidates']).forEach((value, position) => {
      const candidate = camelRecord(value)
      candidateAt(countOf(candidate['index']) ?? position, chunk).add(candidate, events)
    })
    block = blockOf(chunk) ?? block
    return events
  }

  function fail(error: GatewayError): IrEvent[] {
    ended = true
    return [{ type: 'error', error }]
  }

  function complete(): IrEvent[] {
    ended = true
    const events: IrEvent[] = []
    for (const [, candidate] of [...candidates].sort(([left], [right]) => left - right)) candidate.close(events)
    if (candidates.size === 0 && block !== undefined) events.push({ type: 'choice-finish', choice: 0, finish: block })
    events.push({ type: 'response-end' })
    return events
  }

  return {
    step(frame) {
      if (ended) return []
      if (frame.data.trim() === '') return [{ type: 'keep-alive' }]
      const value = parseJson(frame.data)
      if (!isObject(value)) return [{ type: 'event-skip', kind: 'malformed', reason: 'a frame that is no JSON object' }]
      if (hidesError(value)) return fail(decodeEmbeddedError(value))
      return read(camelKeys(value))
    },
    finish() {
      if (ended) return []
      const all = [...candidates.values()]
      const whole = all.length > 0 ? all.every((candidate) => candidate.finished()) : block !== undefined
      return whole ? complete() : fail(new GatewayError('stream_truncated'))
    },
  }
}
