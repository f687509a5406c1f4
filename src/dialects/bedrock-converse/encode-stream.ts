// Canonical events as a legal stream of this wire, whatever their order: one start, blocks one after the other under
// dense indexes, the stop reason, and behind it the counts.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
import type { Extras } from '../../ir/content.ts'
import { GatewayError } from '../../ir/error.ts'
import type { IrEvent } from '../../ir/event.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Finish } from '../../ir/response.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { Frame } from '../../wire/frame.ts'
import type { Exchange, StreamEncoder } from '../dialect.ts'
import { present } from '../kit/present.ts'
import { createBlockQueue, type PartEvent, type PartStart } from './block-queue.ts'
import { frameOf, hasBlock } from './block-writer.ts'
import { encodeModelAnswer, finishLosses } from './encode-response.ts'
import { encodeStreamError } from './errors.ts'
import { leftOver, ownMembers, type Members } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { encodeUsage, usageLosses } from './usage.ts'

/** What a whole answer has and no stream. */
const onlyWhole = ['$metadata']

/** An encoder for one stream. */
export function createStreamEncoder(exchange: Exchange): StreamEncoder {
  const own = exchange.upstream === 'bedrock-converse'
  const blocks = createBlockQueue()
  const losses = createLosses()
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
    if (choice !== 0) losses.drop(`output[${choice}]`, 'only one answer per message')
    else if (!hasBlock(opening, own))
      losses.drop(opening.type === 'opaque' ? opening.kind : opening.type, 'a part of another wire')
    else {
      if (opening.type === 'reasoning') reasoning.add(part)
      if (!own && 'extras' in opening) losses.dropKeys(opening.extras)
      return begun(blocks.add(event, own))
    }
    return []
  }

  function feedPart(event: PartEvent): Frame[] {
    if (!own && event.type === 'citation-add' && event.citation.url === undefined)
      losses.drop('citations', 'a citation without a link')
    if (event.type === 'signature-delta' && !reasoning.has(event.part))
      losses.drop('signature', 'only reasoning is signed here')
    const frames = blocks.feed(event)
    return begun(blocks.isStuck() ? [...frames, ...judgeStuck()] : frames)
  }

  /** Only an answer that was cut off may hold half a tool call. */
  function judgeStuck(): Frame[] {
    if (!blocks.isStuck() || finish === undefined) return []
    return finish.class === 'length' ? blocks.release() : fail(new GatewayError('upstream_bad_content'))
  }

  function fail(error: GatewayError): Frame[] {
    ended = true
    return encodeStreamError(error, exchange.requestId)
  }

  /** What is still open was never closed by its sender; an answer that is complete closes it. */
  function settle(): Frame[] {
    const frames = [...blocks.drain(), ...judgeStuck()]
    return frames.length === 0 || ended ? frames : [...frames, ...settle()]
  }

  function complete(): Frame[] {
    finish ??= { class: 'other' }
    const frames = settle()
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

  function addExtras(more: Extras | undefined): void {
    if (!own) losses.dropKeys(more)
    else if (more !== undefined) extras = { ...extras, ...more }
  }

  return {
    losses: losses.list,
    step(event: IrEvent) {
      if (ended) return []
      switch (event.type) {
        case 'response-start':
          addExtras(event.extras)
          return []
        case 'part-start':
          return openPart(event)
        case 'choice-finish':
          if (event.choice !== 0) return []
          finish = event.finish
          if (!own) {
            losses.dropKeys(finish.extras)
            losses.add(finishLosses(finish))
          }
          return begun(judgeStuck())
        case 'usage-report':
          usage = mergeUsage(usage, event.usage)
          if (!own) losses.add(usageLosses(event.usage))
          return []
        case 'extras-add':
          addExtras(event.extras)
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

interface StreamLosses {
  list(): readonly Loss[]
  add(more: readonly Loss[]): void
  drop(path: string, reason: string): void
  dropKeys(extras: Extras | undefined): void
}

/** Each loss once: a stream repeats itself. */
function createLosses(): StreamLosses {
  const found = new Map<string, Loss>()
  function add(more: readonly Loss[]): void {
    for (const loss of more) if (!found.has(loss.path)) found.set(loss.path, loss)
  }
  function drop(path: string, reason: string): void {
    add([{ path, action: 'dropped', reason }])
  }
  return {
    list: () => [...found.values()],
    add,
    drop,
    dropKeys(extras) {
      for (const key of Object.keys(extras ?? {})) drop(key, 'no counterpart in Bedrock Converse')
    },
  }
}
