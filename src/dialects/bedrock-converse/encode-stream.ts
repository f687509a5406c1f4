// Canonical events as a legal stream of this wire, whatever their order: one start, blocks one after the other under
// dense indexes, the stop reason, and behind it the counts.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
import type { Extras } from '../../ir/content.ts'
import { GatewayError } from '../../ir/error.ts'
import type { IrEvent } from '../../ir/event.ts'
import type { Finish } from '../../ir/response.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { Frame } from '../../wire/frame.ts'
import type { Exchange, StreamEncoder } from '../dialect.ts'
import { createAnswerLosses, type Around } from '../kit/answer-losses.ts'
import { createBlockQueue, type PartEvent, type PartStart } from '../kit/block-queue.ts'
import { present } from '../kit/present.ts'
import { createBlockWriter, frameOf, hasBlock } from './block-writer.ts'
import { encodeModelAnswer, unlinked, unsigned } from './encode-response.ts'
import { encodeStreamError } from './errors.ts'
import { leftOver, ownMembers, type Members } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { encodeUsage } from './usage.ts'

/** What a whole answer has and no stream. */
const onlyWhole = ['$metadata']

/** An encoder for one stream. */
export function createStreamEncoder(exchange: Exchange): StreamEncoder {
  const own = exchange.upstream === 'bedrock-converse'
  const blocks = createBlockQueue()
  const losses = createAnswerLosses({ source: exchange.upstream, client: 'bedrock-converse', own })
  // Parts that can carry a signature; elsewhere it has no place.
  const reasoning = new Set<number>()
  let extras: Extras | undefined
  let usage: Usage | undefined
  let finish: Finish | undefined
  let started = false
  let ended = false

  function begun(frames: Frame[]): Frame[] {
    if (started || frames.length === 0) return frames
    started = true
    return [frameOf('messageStart', { role: 'assistant' }), ...frames]
  }

  function openPart(event: PartStart): Frame[] {
    const { opening, choice, part } = event
    if (choice !== 0) losses.dropAnswer(choice)
    else if (!hasBlock(opening, own))
      losses.drop(opening.type === 'opaque' ? opening.kind : opening.type, 'a part of another wire')
    else {
      if (opening.type === 'reasoning') reasoning.add(part)
      if ('extras' in opening) losses.dropKeys(opening.extras, '')
      return begun(blocks.add(event, createBlockWriter(opening, own)))
    }
    return []
  }

  function feedPart(event: PartEvent): Frame[] {
    if (!own && event.type === 'citation-add' && event.citation.url === undefined)
      losses.drop(losses.citationOf(event.citation), unlinked)
    if (event.type === 'signature-delta' && !reasoning.has(event.part))
      losses.drop(losses.signatureOf(undefined), unsigned)
    return begun(checked(blocks.feed(event)))
  }

  function checked(frames: Frame[]): Frame[] {
    return blocks.isBroken() ? [...frames, ...fail(new GatewayError('upstream_bad_content'))] : frames
  }

  function fail(error: GatewayError): Frame[] {
    ended = true
    return encodeStreamError(error, exchange.requestId)
  }

  function complete(): Frame[] {
    finish ??= { class: 'other' }
    // What is still open was never closed by its sender; an answer that is complete closes it.
    const frames = checked([...blocks.finish(finish.class), ...blocks.drain()])
    if (ended) return begun(frames)
    ended = true
    return begun([...frames, messageStop(finish), metadata()])
  }

  function messageStop(finish: Finish): Frame {
    return frameOf('messageStop', {
      stopReason: encodeFinish({ finish, own, ...blocks.report() }),
      ...present({ additionalModelResponseFields: encodeModelAnswer(finish, own) }),
    })
  }

  function metadata(): Frame {
    const { written } = blocks.report()
    const fallback = { input: exchange.facts.approxInputTokens, output: Math.ceil(written / 4) }
    const said: Members = own ? (leftOver(ownMembers(extras), onlyWhole) ?? {}) : {}
    // Required, and nobody measured it here.
    return frameOf('metadata', { usage: encodeUsage(usage, { own, fallback }), metrics: { latencyMs: 0 }, ...said })
  }

  function addExtras(event: Around): void {
    if (!own) losses.dropAround(event)
    else if (event.extras !== undefined) extras = { ...extras, ...event.extras }
  }

  return {
    losses: losses.list,
    step(event: IrEvent) {
      if (ended) return []
      switch (event.type) {
        case 'response-start':
          addExtras({ scope: 'response', choice: 0, extras: event.extras })
          return []
        case 'part-start':
          return openPart(event)
        case 'choice-finish':
          if (event.choice !== 0) return []
          finish = event.finish
          losses.judgeFinish(finish, event.choice)
          return begun(checked(blocks.finish(finish.class)))
        case 'usage-report':
          usage = mergeUsage(usage, event.usage)
          losses.judgeUsage(event.usage)
          return []
        case 'extras-add':
          addExtras(event)
          return []
        // This wire has no sign of life between its events.
        case 'keep-alive':
          return []
        case 'event-skip':
          losses.drop(event.kind, event.reason)
          return []
        case 'error':
          return fail(event.error)
        case 'response-end':
          return complete()
        default:
          return feedPart(event)
      }
    },
  }
}
