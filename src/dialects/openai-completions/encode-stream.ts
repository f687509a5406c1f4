// Canonical events as the chunks of a stream. Owns the legal order: texts, one finish per choice, then usage, then the
// terminal, and nothing after it.
import type { Extras } from '../../ir/content.ts'
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import type { Finish } from '../../ir/response.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { Frame } from '../../wire/frame.ts'
import type { Exchange, StreamEncoder } from '../dialect.ts'
import { doneData } from '../openai-wire/chunk.ts'
import { encodeStreamError } from '../openai-wire/errors.ts'
import { createAnswerLosses } from '../kit/answer-losses.ts'
import type { Members } from '../openai-wire/members.ts'
import { encodeUsage, judgeUsage } from '../openai-wire/usage.ts'
import { hidden, judgeCall, plainRefusal, unlinked } from './answer-losses.ts'
import { ownMembers } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'

interface Choice {
  finish: Finish
  /** Members of this wire, written with the choice's last chunk. */
  members: Members
}

/**
 * An encoder for one stream to a client of this wire.
 * @see https://platform.openai.com/docs/api-reference/completions/create#completions-create-stream
 */
export function createStreamEncoder(exchange: Exchange): StreamEncoder {
  const own = exchange.upstream === 'openai-completions'
  const losses = createAnswerLosses({ source: exchange.upstream, client: 'openai-completions', own })
  const choices = new Map<number, Choice>()
  const texts = new Map<number, number>()
  let head = { id: `cmpl-${exchange.requestId}`, created: exchange.createdAt, model: exchange.model }
  // Members of the chunk itself, for the next one that is written.
  let pending: Members = {}
  let usage: Usage | undefined
  let closed = false

  function chunk(list: readonly Members[], counted: Members | null): Frame {
    const { id, created, model } = head
    const usageMember = exchange.facts.wantsUsage ? { usage: counted } : {}
    const value = { id, object: 'text_completion', created, model, choices: list, ...usageMember, ...pending }
    pending = {}
    return { data: JSON.stringify(value), value }
  }

  function entry(index: number, text: string, last: Members = {}): Frame {
    return chunk([{ text, index, logprobs: null, finish_reason: null, ...last }], null)
  }

  function choiceAt(index: number): Choice {
    const known = choices.get(index)
    if (known !== undefined) return known
    const fresh: Choice = { finish: { class: 'stop' }, members: {} }
    choices.set(index, fresh)
    return fresh
  }

  function open(part: number, choice: number, opening: PartOpening): Frame[] {
    choiceAt(choice)
    if (opening.type === 'text' || opening.type === 'refusal') texts.set(part, choice)
    if ('extras' in opening) losses.dropKeys(opening.extras, '')
    if (opening.type === 'refusal') losses.approximate(opening.type, plainRefusal)
    else if (opening.type !== 'text') losses.drop(opening.type === 'opaque' ? opening.kind : opening.type, hidden)
    return []
  }

  function say(part: number, text: string): Frame[] {
    const choice = texts.get(part)
    return choice === undefined || text === '' ? [] : [entry(choice, text)]
  }

  function keep(scope: 'response' | 'choice' | 'message', choice: number, extras: Extras | undefined): Frame[] {
    losses.dropAround({ scope, choice, extras })
    if (!own) return []
    if (scope === 'response') pending = { ...pending, ...ownMembers(extras) }
    else {
      const { finish_reason: _finish, ...members } = ownMembers(extras)
      choiceAt(choice).members = { ...choiceAt(choice).members, ...members }
    }
    return []
  }

  function start(event: IrEvent & { type: 'response-start' }): Frame[] {
    const { id, created, model } = event
    head = { id: id ?? head.id, created: created ?? head.created, model: model ?? head.model }
    return keep('response', 0, event.extras)
  }

  function end(): Frame[] {
    closed = true
    choiceAt(choices.size === 0 ? 0 : Math.min(...choices.keys()))
    const last = [...choices]
      .sort(([left], [right]) => left - right)
      .map(([index, { finish, members }]) => entry(index, '', { ...members, finish_reason: encodeFinish(finish) }))
    judgeUsage(usage, losses)
    const counted = exchange.facts.wantsUsage && usage !== undefined ? [chunk([], encodeUsage(usage))] : []
    return [...last, ...counted, { data: doneData }]
  }

  return {
    step(event) {
      if (closed) return []
      switch (event.type) {
        case 'response-start':
          return start(event)
        case 'part-start':
          return open(event.part, event.choice, event.opening)
        case 'text-delta':
        case 'refusal-delta':
          return say(event.part, event.text)
        case 'extras-add':
          return keep(event.scope, event.choice, event.extras)
        case 'choice-finish':
          choiceAt(event.choice).finish = event.finish
          if (!own) judgeCall(event.finish, event.choice, losses)
          losses.judgeFinish(event.finish, event.choice)
          return []
        case 'usage-report':
          usage = mergeUsage(usage, event.usage)
          return []
        case 'citation-add':
          losses.drop(losses.citationOf(event.citation), unlinked)
          return []
        case 'event-skip':
          losses.drop(event.kind, event.reason)
          return []
        // The loss was reported when the part began.
        case 'reasoning-delta':
        case 'signature-delta':
        case 'tool-input-delta':
        case 'opaque-delta':
        case 'part-end':
        case 'keep-alive':
          return []
        case 'error':
          closed = true
          return encodeStreamError(event.error, exchange.requestId)
        case 'response-end':
          return end()
      }
    },
    losses: losses.list,
  }
}
