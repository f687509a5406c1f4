// Canonical events as the chunks of a stream. Owns the chunks: each a whole answer in small, the last one with the finish
// of every candidate and the counts.
// https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
import { GatewayError } from '../../ir/error.ts'
import type { IrEvent } from '../../ir/event.ts'
import type { Finish } from '../../ir/response.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { Frame } from '../../wire/frame.ts'
import type { Exchange, StreamEncoder } from '../dialect.ts'
import { createAnswerLosses, unlinked, type Around } from '../kit/answer-losses.ts'
import { createCandidateWriter, type CandidateWriter, type PartEvent, type PartStart } from './candidate-writer.ts'
import { encodeStreamError } from './errors.ts'
import { asideOf, isOwn, ownMembers, type Members } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { encodeGrounding } from './grounding.ts'
import { encodeUsage } from './usage.ts'

interface Candidate {
  readonly writer: CandidateWriter
  /** Members around the content, for the next chunk that is written. */
  pending: Members
  finish: Finish | undefined
}

/** An encoder for one stream to a client of this wire. */
export function createStreamEncoder(exchange: Exchange): StreamEncoder {
  const losses = createAnswerLosses({ source: exchange.upstream, client: 'gemini', own: false })
  const candidates = new Map<number, Candidate>()
  const owners = new Map<number, number>()
  let head: Members = { modelVersion: exchange.model, responseId: exchange.requestId }
  let own = false
  let usage: Usage | undefined
  let counted = false
  let broken = false
  let ended = false
  // Members of the chunk itself, for the next one that is written.
  let pending: Members = {}

  function candidateAt(choice: number): Candidate {
    const known = candidates.get(choice)
    if (known !== undefined) return known
    const writer = createCandidateWriter({ drop: losses.drop, broken: () => (broken = true) })
    const fresh: Candidate = { writer, pending: {}, finish: undefined }
    candidates.set(choice, fresh)
    return fresh
  }

  function chunk(members: Members): Frame {
    // On its own wire usage goes out where it came, on every chunk.
    const counts = usage !== undefined && counted ? { usageMetadata: encodeUsage(usage) } : {}
    counted = false
    const value = { ...members, ...counts, ...head, ...pending }
    pending = {}
    return { data: JSON.stringify(value), value }
  }

  function content(choice: number, parts: readonly Members[]): Frame[] {
    const candidate = candidateAt(choice)
    return parts.map((part) => {
      const around = candidate.pending
      candidate.pending = {}
      return chunk({ candidates: [{ content: { parts: [part], role: 'model' }, index: choice, ...around }] })
    })
  }

  function begin({ id, model, extras }: Extract<IrEvent, { type: 'response-start' }>): void {
    own = isOwn(extras)
    const named = { modelVersion: model ?? head['modelVersion'], responseId: id ?? head['responseId'] }
    head = { ...named, ...(own && asideOf(extras).silent) }
    addExtras({ scope: 'response', choice: 0, extras })
  }

  function addExtras({ scope, choice, extras }: Around): void {
    if (!own) return losses.dropAround({ scope, choice, extras })
    const members = ownMembers(extras)
    if (scope === 'response') pending = { ...pending, ...members }
    else if (scope === 'choice') candidateAt(choice).pending = { ...candidateAt(choice).pending, ...members }
  }

  function open(event: PartStart): void {
    owners.set(event.part, event.choice)
    if (!own && 'extras' in event.opening) losses.dropKeys(event.opening.extras, '')
    candidateAt(event.choice).writer.open(event, own)
  }

  function feed(event: PartEvent): Frame[] {
    const choice = owners.get(event.part)
    return choice === undefined ? [] : content(choice, candidateAt(choice).writer.feed(event))
  }

  function fail(error: GatewayError): Frame[] {
    ended = true
    return encodeStreamError(error, exchange.requestId)
  }

  function complete(): Frame[] {
    if (candidates.size === 0) candidateAt(0)
    const sorted = [...candidates].sort(([left], [right]) => left - right)
    const frames = sorted.flatMap(([choice, { writer }]) => content(choice, writer.drain()))
    const cut = [...candidates.values()].some(({ finish }) => finish?.class === 'length' || finish?.class === 'filter')
    if (broken && !cut) return [...frames, ...fail(new GatewayError('upstream_bad_content'))]
    ended = true
    counted = true
    const blocked = sorted.some(([, { finish }]) => asideOf(finish?.extras).blocked === true)
    const last = blocked && own ? {} : { candidates: sorted.map(([choice, candidate]) => ending(choice, candidate)) }
    return [...frames, chunk(last)]
  }

  function ending(choice: number, { writer, pending: around, finish = { class: 'other' } }: Candidate): Members {
    const { metadata, lost } = encodeGrounding(writer.cited())
    for (const citation of lost) losses.drop(losses.citationOf(citation), unlinked)
    const withheld = writer.written() === 0 && finish.class === 'filter'
    return {
      // Google's SDKs forget an answer of which one chunk has no part, so the last one has an empty text, as Google's own.
      content: withheld ? {} : { parts: [{ text: '' }], role: 'model' },
      finishReason: encodeFinish(finish, own),
      index: choice,
      ...around,
      ...(metadata !== undefined && { groundingMetadata: metadata }),
    }
  }

  return {
    losses: losses.list,
    step(event) {
      if (ended) return []
      switch (event.type) {
        case 'response-start':
          begin(event)
          return []
        case 'part-start':
          open(event)
          return []
        case 'choice-finish':
          candidateAt(event.choice).finish = event.finish
          if (!own) losses.judgeFinish(event.finish, event.choice)
          return []
        case 'usage-report':
          usage = mergeUsage(usage, event.usage)
          counted = own
          if (!own) losses.judgeUsage(event.usage)
          return []
        case 'extras-add':
          addExtras(event)
          return []
        case 'event-skip':
          losses.drop(event.kind, event.reason)
          return []
        case 'keep-alive':
          return []
        case 'error':
          return fail(event.error)
        case 'response-end':
          return complete()
        default:
          return feed(event)
      }
    },
  }
}
