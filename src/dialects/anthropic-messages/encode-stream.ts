// Canonical events as a legal stream of this wire, whatever their order: one start, blocks one after the other under
// dense indexes, one message_delta with the final counts, one stop.
// https://platform.claude.com/docs/en/build-with-claude/streaming
import { GatewayError } from '../../ir/error.ts'
import type { IrEvent } from '../../ir/event.ts'
import type { Extras } from '../../ir/content.ts'
import type { Finish } from '../../ir/response.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { Frame } from '../../wire/frame.ts'
import type { Exchange, StreamEncoder } from '../dialect.ts'
import { createAnswerLosses } from '../kit/answer-losses.ts'
import { createBlockQueue, type PartEvent, type PartStart } from '../kit/block-queue.ts'
import { createBlockWriter, frameOf, hasBlock } from './block-writer.ts'
import { uncited, unsigned } from './encode-response.ts'
import { encodeStreamError } from './errors.ts'
import { isOwn, ownMembers } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { fullUsage } from './usage.ts'

/** An encoder for one stream. */
export function createStreamEncoder(exchange: Exchange): StreamEncoder {
  const blocks = createBlockQueue()
  const losses = createAnswerLosses({ source: exchange.upstream, client: 'anthropic-messages', own: false })
  // Nothing else has room for a signature.
  const thinking = new Set<number>()
  let head: Extract<IrEvent, { type: 'response-start' }> | undefined
  let lateExtras: Extras | undefined
  let usage: Usage | undefined
  let startUsage: Record<string, unknown> | undefined
  let finish: Finish | undefined
  let ended = false

  const isForeign = (): boolean => !isOwn(head?.extras)

  // As late as possible: usage and extras that come before the first content belong into the start.
  function start(): Frame[] {
    if (startUsage !== undefined) return []
    const own = !isForeign()
    startUsage = fullUsage(usage, { own, fallback: { input: exchange.facts.approxInputTokens, output: 0 } })
    const message = {
      id: head?.id ?? `msg_${exchange.requestId}`,
      type: 'message',
      role: 'assistant',
      model: head?.model ? head.model : exchange.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      ...(own && ownMembers(head?.extras)),
      usage: startUsage,
    }
    return [frameOf('message_start', { message })]
  }

  function startedWith(frames: Frame[]): Frame[] {
    return frames.length > 0 && startUsage === undefined ? [...start(), ...frames] : frames
  }

  function openPart(event: PartStart): Frame[] {
    const { opening, choice } = event
    const own = !isForeign()
    if (choice !== 0) losses.dropAnswer(choice)
    else if (!hasBlock(opening, own))
      losses.drop(opening.type === 'opaque' ? opening.kind : opening.type, 'a part of another wire')
    else {
      if (opening.type === 'reasoning') thinking.add(event.part)
      if (!own && 'extras' in opening) losses.dropKeys(opening.extras, '')
      return startedWith(blocks.add(event, createBlockWriter(opening, own)))
    }
    return []
  }

  function feedPart(event: PartEvent): Frame[] {
    if (event.type === 'citation-add' && isForeign()) losses.drop(losses.citationOf(event.citation), uncited)
    if (event.type === 'signature-delta' && !thinking.has(event.part)) {
      losses.drop(losses.signatureOf(undefined), unsigned)
      return []
    }
    return startedWith(checked(blocks.feed(event)))
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
    if (ended) return frames
    ended = true
    return [...start(), ...frames, messageDelta(finish), frameOf('message_stop', {})]
  }

  function messageDelta(finish: Finish): Frame {
    const own = !isForeign()
    return frameOf('message_delta', {
      delta: { ...encodeFinish({ finish, own, ...blocks.report() }), ...(own && ownMembers(finish.extras)) },
      ...(own && ownMembers(lateExtras)),
      usage: finalUsage(own),
    })
  }

  /** Cumulative counts; what the start said for good (service tier, lifetimes of cache writes) has no place here. */
  function finalUsage(own: boolean): Record<string, unknown> {
    const output = Math.ceil(blocks.report().written / 4)
    const all = fullUsage(usage, { own, fallback: { input: exchange.facts.approxInputTokens, output } })
    const said = new Map(Object.entries(startUsage ?? {}).map(([key, value]) => [key, JSON.stringify(value)]))
    const isNews = ([key, value]: [string, unknown]): boolean =>
      counters.has(key) || (key !== 'cache_creation' && said.get(key) !== JSON.stringify(value))
    return Object.fromEntries(Object.entries(all).filter(isNews))
  }

  function addExtras(event: Extract<IrEvent, { type: 'extras-add' }>): void {
    const { extras } = event
    if (isForeign()) losses.dropAround(event)
    else if (startUsage === undefined && head !== undefined) head = { ...head, extras: { ...head.extras, ...extras } }
    else lateExtras = { ...lateExtras, ...extras }
  }

  return {
    losses: losses.list,
    step(event) {
      if (ended) return []
      switch (event.type) {
        case 'response-start':
          head ??= event
          if (isForeign()) losses.dropKeys(event.extras, '')
          return []
        case 'part-start':
          return openPart(event)
        case 'choice-finish':
          if (event.choice !== 0) return []
          finish = event.finish
          if (isForeign()) losses.judgeFinish(finish, event.choice)
          return checked(blocks.finish(finish.class))
        case 'usage-report':
          usage = mergeUsage(usage, event.usage)
          if (isForeign()) losses.judgeUsage(event.usage)
          return []
        case 'extras-add':
          addExtras(event)
          return []
        case 'keep-alive':
          // Before the head is known there is no message to keep alive.
          return head === undefined ? [] : startedWith([frameOf('ping', {})])
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

const counters = new Set(['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'])
