// Two dialects: the upstream's frames become canonical events, and those become the client's frames.
import type { Dialect, Exchange } from '../dialects/dialect.ts'
import type { GatewayError } from '../ir/error.ts'
import { isContent, type IrEvent } from '../ir/event.ts'
import type { IrResponse, Finish } from '../ir/response.ts'
import { mergeUsage, type Usage } from '../ir/usage.ts'
import type { Frame } from '../wire/frame.ts'
import { encodeSse } from '../wire/sse-encode.ts'
import type { StreamMachine, StreamStep } from './machine.ts'

interface TranslateOptions {
  readonly ingress: Dialect
  readonly egress: Dialect
  readonly exchange: Exchange
  /** Provider's tool name → client's. */
  readonly toolNames: ReadonlyMap<string, string>
}

/** Translates a stream event by event; nothing is held back but what the client's wire wants later. */
export function createTranslation(options: TranslateOptions): StreamMachine {
  const { ingress, egress, exchange } = options
  const decoder = egress.streamDecoder()
  const encoder = ingress.streamEncoder(exchange)
  let usage: Usage | undefined
  let finish: Finish | undefined
  let model: string | undefined
  let ended = false

  function learn(event: IrEvent): void {
    switch (event.type) {
      case 'usage-report':
        usage = mergeUsage(usage, event.usage)
        break
      case 'choice-finish':
        finish = event.finish
        break
      case 'response-start':
        model = event.model ?? model
        break
      case 'response-end':
        ended = true
        break
      default:
    }
  }

  function run(events: readonly IrEvent[]): StreamStep {
    const frames: Frame[] = []
    let kind: StreamStep['kind'] = 'idle'
    for (const decoded of events) {
      if (decoded.type === 'error') return step(frames, kind, decoded.error)
      const event = renameTool(decoded, options.toolNames)
      learn(event)
      frames.push(...encoder.step(event))
      if (event.type === 'response-end') kind = 'end'
      else if (kind === 'idle' && isContent(event)) kind = 'content'
    }
    return step(frames, kind)
  }

  return {
    step: (block) => (block.frame === undefined ? { kind: 'idle' } : run(decoder.step(block.frame))),
    skim: () => false,
    finish: () => run(decoder.finish()),
    fail: (error) => encodeSse(ingress.encodeStreamError(error, exchange.requestId)),
    report: () => ({
      complete: ended || finish !== undefined,
      ...(usage !== undefined && { usage }),
      ...(finish !== undefined && { finish }),
      ...(model !== undefined && { model }),
      losses: encoder.losses(),
    }),
  }
}

function step(frames: readonly Frame[], kind: StreamStep['kind'], error?: GatewayError): StreamStep {
  return {
    ...(frames.length > 0 && { bytes: encodeSse(frames) }),
    kind,
    ...(error !== undefined && { error }),
  }
}

function renameTool(event: IrEvent, names: ReadonlyMap<string, string>): IrEvent {
  if (names.size === 0 || event.type !== 'part-start' || event.opening.type !== 'tool-call') return event
  const name = names.get(event.opening.name)
  return name === undefined ? event : { ...event, opening: { ...event.opening, name } }
}

/** Gives the tools of a whole answer the names that the client knows. */
export function renameTools(response: IrResponse, names: ReadonlyMap<string, string>): IrResponse {
  if (names.size === 0) return response
  const outputs = response.outputs.map((output) => ({
    ...output,
    parts: output.parts.map((part) =>
      part.type === 'tool-call' ? { ...part, name: names.get(part.name) ?? part.name } : part,
    ),
  }))
  return { ...response, outputs }
}
