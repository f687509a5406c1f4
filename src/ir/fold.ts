// A stream folded into a whole answer: the one accumulator, so that non-streaming is nothing but collecting.
import type { Citation, ContentPart, Extras } from './content.ts'
import type { DialectId } from './dialect-id.ts'
import type { GatewayError } from './error.ts'
import type { IrEvent, PartOpening } from './event.ts'
import type { Finish, IrResponse, Output } from './response.ts'
import { mergeUsage, type Usage } from './usage.ts'

export interface ResponseFold {
  step(event: IrEvent): void
  /** The answer so far. */
  response(): IrResponse
  /** The error the stream ended with, if it did. */
  error(): GatewayError | undefined
}

interface OpenPart {
  readonly opening: PartOpening
  readonly choice: number
  // Fragments are joined once: concatenating per event is quadratic on some engines.
  readonly fragments: string[]
  readonly citations: Citation[]
  readonly deltas: unknown[]
  signature: string | undefined
  extras: Extras | undefined
}

interface OpenOutput {
  finish: Finish | undefined
  extras: Extras | undefined
  messageExtras: Extras | undefined
}

/** How a dialect puts the deltas of one of its opaque parts together. */
export type JoinOpaque = (kind: string, value: unknown, deltas: readonly unknown[]) => unknown

/**
 * Collects the events of one stream.
 * @param source the dialect the events were decoded from
 * @param joinOpaque applied to opaque parts that grew by deltas; without it the opening value stands
 */
export function createFold(source: DialectId, joinOpaque?: JoinOpaque): ResponseFold {
  const parts = new Map<number, OpenPart>()
  const outputs = new Map<number, OpenOutput>()
  let head: { id?: string; model?: string; created?: number } = {}
  let extras: Extras | undefined
  let usage: Usage | undefined
  let failure: GatewayError | undefined

  function output(choice: number): OpenOutput {
    let found = outputs.get(choice)
    if (found === undefined) {
      found = { finish: undefined, extras: undefined, messageExtras: undefined }
      outputs.set(choice, found)
    }
    return found
  }

  return {
    step(event) {
      switch (event.type) {
        case 'response-start': {
          const { id, model, created } = event
          head = {
            ...head,
            ...(id !== undefined && { id }),
            ...(model !== undefined && { model }),
            ...(created !== undefined && { created }),
          }
          if (event.extras !== undefined) extras = { ...extras, ...event.extras }
          break
        }
        case 'part-start':
          output(event.choice)
          parts.set(event.part, {
            opening: event.opening,
            choice: event.choice,
            fragments: [],
            citations: [],
            deltas: [],
            signature: undefined,
            extras: undefined,
          })
          break
        case 'text-delta':
        case 'reasoning-delta':
        case 'refusal-delta':
        case 'tool-input-delta':
          parts.get(event.part)?.fragments.push(event.text)
          break
        case 'signature-delta': {
          const part = parts.get(event.part)
          if (part !== undefined) part.signature = (part.signature ?? '') + event.signature
          break
        }
        case 'citation-add':
          parts.get(event.part)?.citations.push(event.citation)
          break
        case 'opaque-delta':
          parts.get(event.part)?.deltas.push(event.value)
          break
        case 'part-end': {
          const part = parts.get(event.part)
          if (part !== undefined && event.extras !== undefined) part.extras = { ...part.extras, ...event.extras }
          break
        }
        case 'extras-add':
          if (event.scope === 'response') extras = { ...extras, ...event.extras }
          else {
            const target = output(event.choice)
            const field = event.scope === 'choice' ? 'extras' : 'messageExtras'
            target[field] = { ...target[field], ...event.extras }
          }
          break
        case 'choice-finish':
          output(event.choice).finish = event.finish
          break
        case 'usage-report':
          usage = mergeUsage(usage, event.usage)
          break
        case 'error':
          failure = event.error
          break
        case 'keep-alive':
        case 'event-skip':
        case 'response-end':
          break
      }
    },
    error: () => failure,
    response() {
      const folded: Output[] = [...outputs.entries()]
        .sort(([left], [right]) => left - right)
        .map(([index, open]) => ({
          index,
          parts: [...parts.values()].filter((part) => part.choice === index).map((part) => close(part, joinOpaque)),
          ...(open.finish !== undefined && { finish: open.finish }),
          ...(open.extras !== undefined && { extras: open.extras }),
          ...(open.messageExtras !== undefined && { messageExtras: open.messageExtras }),
        }))
      return {
        source,
        ...head,
        outputs: folded,
        ...(usage !== undefined && { usage }),
        ...(extras !== undefined && { extras }),
      }
    },
  }
}

function close(part: OpenPart, joinOpaque: JoinOpaque | undefined): ContentPart {
  const { signature } = part
  const content = contentOf(part, joinOpaque)
  return signature === undefined ? content : { ...content, signature }
}

function contentOf(part: OpenPart, joinOpaque: JoinOpaque | undefined): ContentPart {
  const text = part.fragments.join('')
  const { opening } = part
  if (opening.type === 'opaque') {
    const value =
      joinOpaque !== undefined && part.deltas.length > 0
        ? joinOpaque(opening.kind, opening.value, part.deltas)
        : opening.value
    return { type: 'opaque', kind: opening.kind, value }
  }
  const extras =
    opening.extras === undefined && part.extras === undefined ? {} : { extras: { ...opening.extras, ...part.extras } }
  switch (opening.type) {
    case 'text':
      return { type: 'text', text, ...(part.citations.length > 0 && { citations: part.citations }), ...extras }
    case 'reasoning':
      return {
        type: 'reasoning',
        text,
        ...(opening.redacted !== undefined && { redacted: opening.redacted }),
        ...extras,
      }
    case 'refusal':
      return { type: 'refusal', text, ...extras }
    case 'tool-call':
      return {
        type: 'tool-call',
        id: opening.id,
        name: opening.name,
        input: text,
        ...(opening.kind !== undefined && { kind: opening.kind }),
        ...extras,
      }
  }
}
