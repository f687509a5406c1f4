// Canonical events as the events of this wire, and as the answer that they amount to: a whole answer is what its stream
// ends with. Owns which parts share an item, and the answer around them.
import type { Citation } from '../../ir/content.ts'
import type { DialectId } from '../../ir/dialect-id.ts'
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Finish } from '../../ir/response.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { Exchange } from '../dialect.ts'
import { createAnswerLosses, unlinked } from '../kit/answer-losses.ts'
import { textOf } from '../kit/present.ts'
import { asideOf, ownMembers, without, type Members } from './extras.ts'
import { encodeFinish, type Ending } from './finish-reason.ts'
import { createItemWriter, type ItemWriter } from './item-writer.ts'
import { createPartQueue, type PartEvent, type PartQueue } from './part-queue.ts'
import { foreignHead, responseId } from './response-head.ts'
import { encodeUsage } from './usage.ts'

export interface ResponseWriter {
  /** The wire's events for one event; after the end nothing more. */
  step(event: IrEvent): readonly Members[]
  /** The answer, once it has ended. */
  answer(): Members
  losses(): readonly Loss[]
}

type Start = Extract<IrEvent, { readonly type: 'response-start' }>

export interface WriterOptions {
  readonly exchange: Exchange
  /** The wire that the answer came from: what it said on this one goes back as it was. */
  readonly source: DialectId
  /** Where a part stands in the provider's answer, where that is whole. */
  readonly placeOf?: (part: number) => string | undefined
}

/** A writer for one answer. */
export function createResponseWriter({ exchange, source, placeOf = () => undefined }: WriterOptions): ResponseWriter {
  const own = source === 'openai-responses'
  const losses = createAnswerLosses({ source, client: 'openai-responses', own })
  const output: Members[] = []
  const queue: PartQueue = createPartQueue({
    begin: beginPart,
    step: (event) => current?.step(event),
    end: endPart,
    unsaid: (part, events) => {
      for (const event of events)
        if (event.type === 'citation-add') loseLink(event.citation, part, 'a link of a text without words')
    },
  })
  let written: Members[] = []
  // Only these can hold a signature.
  const reasoning = new Set<number>()
  let sequence = 0
  let start: Start | undefined
  let head: Members = {}
  let late: ReadonlyMap<number, Members> | undefined
  let current: ItemWriter | undefined
  let speaking = 0
  let usage: Usage | undefined
  let finish: Finish | undefined
  let refused = false
  let answer: Members | undefined

  function emit(type: string, members: Members): void {
    written.push({ type, sequence_number: sequence++, ...members })
  }

  /** What is known of the answer, without its output. */
  function answerHead(): Members {
    const id = own ? (start?.id ?? responseId(undefined, exchange)) : responseId(start?.id, exchange)
    const created = { created_at: start?.created ?? exchange.createdAt }
    return { id, object: 'response', ...created, ...head, model: start?.model ?? exchange.model }
  }

  function begin(event: Start): void {
    if (start !== undefined) return
    start = event
    head = own ? ownMembers(event.extras) : foreignHead(exchange)
    losses.dropKeys(event.extras, '')
    const open = { status: 'in_progress', error: null, incomplete_details: null, output: [], usage: null }
    const response = { ...without(answerHead(), ['completed_at']), ...open }
    emit('response.created', { response })
    emit('response.in_progress', { response })
  }

  function loseLink(citation: Citation, part: number, reason: string): void {
    losses.drop(losses.citationOf(citation, placeOf(part)), reason)
  }

  function beginPart(opening: PartOpening, part: number): void {
    speaking = part
    refused ||= opening.type === 'refusal'
    if (current?.accepts(opening) === true) return current.begin(opening)
    closeItem(false)
    const index = output.length
    const base = responseId(start?.id, exchange).slice('resp_'.length)
    current = createItemWriter(opening, {
      own,
      index,
      mintId: (kind) => `${kind}_${base}_${index}`,
      emit: (type, members) => emit(type, { output_index: index, ...members }),
      loseLink: (citation) => loseLink(citation, speaking, unlinked),
    })
  }

  function endPart(event: Extract<IrEvent, { readonly type: 'part-end' }> | undefined): void {
    current?.endPart(event?.extras)
  }

  function closeItem(cut: boolean): void {
    if (current !== undefined) output.push(current.close(cut))
    current = undefined
  }

  function addPart(event: Extract<IrEvent, { readonly type: 'part-start' }>): void {
    const { opening } = event
    const at = placeOf(event.part)
    if (event.choice !== 0) losses.dropAnswer(event.choice)
    else if (!own && opening.type === 'opaque') losses.drop(at ?? opening.kind, 'the wire has no such content')
    else {
      if (opening.type !== 'opaque') losses.dropKeys(opening.extras, at ?? '')
      if (opening.type === 'reasoning') reasoning.add(event.part)
      queue.add(event.part, opening, own)
    }
  }

  function addExtras(event: Extract<IrEvent, { readonly type: 'extras-add' }>): void {
    const { boundary, late: changes } = asideOf(event.extras)
    if (!own) return losses.dropAround(event)
    if (boundary !== undefined) queue.feed(boundary.part, { type: 'boundary', slot: boundary.slot })
    late = changes ?? late
    if (event.scope === 'response') head = { ...head, ...ownMembers(event.extras) }
  }

  function end(): void {
    const isCut = !own && finish?.class === 'length'
    queue.drain()
    closeItem(isCut)
    losses.judgeFinish(finish, 0)
    losses.judgeUsage(usage)
    const ending = own ? ownEnding() : encodeFinish(finish, { refused })
    const items = output.map((item, key) => ({ ...item, ...late?.get(key) }))
    const counted = { usage: usage === undefined ? null : encodeUsage(usage) }
    answer = { ...answerHead(), ...ending, error: null, output: items, ...counted }
    emit(ending.status === 'incomplete' ? 'response.incomplete' : 'response.completed', { response: answer })
  }

  /** How it ended in the provider's own words, where they came along. */
  function ownEnding(): Ending {
    const said = encodeFinish(finish, { refused })
    const status = textOf(head['status'])
    const known = status === 'completed' || status === 'incomplete'
    return known ? { ...said, ...(head as Partial<Ending>), status } : said
  }

  function handle(event: IrEvent): void {
    switch (event.type) {
      case 'response-start':
        begin(event)
        break
      case 'part-start':
        begin({ type: 'response-start' })
        addPart(event)
        break
      case 'usage-report':
        usage = mergeUsage(usage, event.usage)
        break
      case 'extras-add':
        begin({ type: 'response-start' })
        addExtras(event)
        break
      case 'choice-finish':
        if (event.choice === 0) finish = event.finish
        break
      case 'event-skip':
        losses.drop(event.kind, event.reason)
        break
      case 'response-end':
        begin({ type: 'response-start' })
        end()
        break
      case 'keep-alive':
      case 'error':
        break
      default:
        feed(event)
    }
  }

  function feed(event: PartEvent): void {
    begin({ type: 'response-start' })
    if (event.type === 'signature-delta' && !reasoning.has(event.part))
      losses.drop(losses.signatureOf(placeOf(event.part)), 'the wire has signatures on reasoning alone')
    else queue.feed(event.part, event)
  }

  return {
    step(event) {
      if (answer !== undefined) return []
      written = []
      handle(event)
      return written
    },
    answer: () => answer ?? {},
    losses: losses.list,
  }
}
