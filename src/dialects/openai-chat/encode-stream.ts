// Canonical events as the chunks of a stream. Owns the legal order: the role first, each call announced once, one finish
// per choice, then usage, then the terminal, and nothing after it.
import type { Extras } from '../../ir/content.ts'
import type { IrEvent } from '../../ir/event.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { Frame } from '../../wire/frame.ts'
import type { Exchange, StreamEncoder } from '../dialect.ts'
import { createChoiceEncoder, type ChoiceEncoder } from './encode-choice.ts'
import { encodeStreamError } from '../openai-wire/errors.ts'
import { doneData } from '../openai-wire/chunk.ts'
import { isOwn, ownMembers, type Members } from './extras.ts'
import { createAnswerLosses } from '../kit/answer-losses.ts'
import { encodeUsage, judgeUsage } from '../openai-wire/usage.ts'

/**
 * An encoder for one stream to a client of this wire.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export function createStreamEncoder(exchange: Exchange): StreamEncoder {
  const losses = createAnswerLosses({
    source: exchange.upstream,
    client: 'openai-chat',
    own: exchange.upstream === 'openai-chat',
  })
  const choices = new Map<number, ChoiceEncoder>()
  const choiceOf = new Map<number, ChoiceEncoder>()
  let head = headOf(`chatcmpl-${exchange.requestId}`, exchange.createdAt, exchange.model)
  let headJson = ''
  let own = false
  // Members of the chunk itself, for the next one that is written.
  let pending = nothing
  let usage: Usage | undefined
  let closed = false

  function chunk(list: readonly Members[], counted: Members | null): Frame {
    const plain = { ...head, choices: list }
    const { wantsUsage } = exchange.facts
    if (counted === null && pending === nothing) {
      // Most chunks differ in their choice alone.
      if (headJson === '') headJson = JSON.stringify(head).slice(0, -1)
      const data = `${headJson},"choices":${JSON.stringify(list)}`
      if (wantsUsage) return { data: `${data},"usage":null}`, value: { ...plain, usage: null } }
      return { data: `${data}}`, value: plain }
    }
    const value = { ...plain, ...(wantsUsage && { usage: counted }), ...pending }
    pending = nothing
    return { data: JSON.stringify(value), value }
  }

  function frames(entries: readonly Members[]): Frame[] {
    return entries.map((entry) => chunk([entry], null))
  }

  function choice(index: number): ChoiceEncoder {
    const known = choices.get(index)
    if (known !== undefined) return known
    const fresh = createChoiceEncoder(index, losses)
    choices.set(index, fresh)
    return fresh
  }

  function start(event: IrEvent & { type: 'response-start' }): Frame[] {
    own = isOwn(event.extras)
    const { id, created, model } = event
    head = headOf(id ?? head.id, created ?? head.created, model ?? head.model)
    headJson = ''
    keep(event.extras)
    return []
  }

  function keep(extras: Extras | undefined): void {
    if (!own) return losses.dropKeys(extras, '')
    const members = headless(ownMembers(extras))
    if (Object.keys(members).length > 0) pending = { ...pending, ...members }
  }

  function addExtras(event: IrEvent & { type: 'extras-add' }): Frame[] {
    if (event.scope === 'response') keep(event.extras)
    else if (!own && !isOwn(event.extras)) losses.dropAround(event)
    else choice(event.choice).addMembers(event.scope, ownMembers(event.extras))
    return []
  }

  function end(): Frame[] {
    closed = true
    if (choices.size === 0) choice(0)
    const last = [...choices].sort(([left], [right]) => left - right).flatMap(([, encoder]) => encoder.end())
    const counted = exchange.facts.wantsUsage && usage !== undefined ? [chunk([], encodeUsage(usage))] : []
    judgeUsage(usage, losses)
    return [...frames(last), ...counted, { data: doneData }]
  }

  return {
    step(event) {
      if (closed) return []
      switch (event.type) {
        case 'response-start':
          return start(event)
        case 'part-start': {
          const encoder = choice(event.choice)
          choiceOf.set(event.part, encoder)
          return frames(encoder.step(event, own))
        }
        case 'text-delta':
        case 'reasoning-delta':
        case 'signature-delta':
        case 'refusal-delta':
        case 'tool-input-delta':
        case 'citation-add':
        case 'opaque-delta':
        case 'part-end':
          return frames(choiceOf.get(event.part)?.step(event, own) ?? [])
        case 'extras-add':
          return addExtras(event)
        case 'choice-finish':
          losses.judgeFinish(event.finish, event.choice)
          choice(event.choice).finish(event.finish)
          return []
        case 'usage-report':
          usage = mergeUsage(usage, event.usage)
          return []
        case 'event-skip':
          losses.drop(event.kind, event.reason)
          return []
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

const nothing: Members = {}

/** What every chunk of an answer begins with. */
function headOf(id: string, created: number, model: string) {
  return { id, object: 'chat.completion.chunk', created, model }
}

/** Members that a whole answer had beside its head; a stream has its own. */
function headless(members: Members): Members {
  const { id: _id, model: _model, object: _object, ...rest } = members
  return rest
}
