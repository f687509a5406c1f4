// The client's half of a translated stream: canonical events become the frames of its wire, each past the grammar. One
// voice speaks from the first byte to the last, whoever the events come from.
import type { Dialect, Exchange } from '../dialects/dialect.ts'
import type { GatewayError } from '../ir/error.ts'
import { isContent, type IrEvent } from '../ir/event.ts'
import { createOutputMeter } from '../ir/output-meter.ts'
import type { Finish } from '../ir/response.ts'
import { mergeUsage, type OutputCount, type Usage } from '../ir/usage.ts'
import type { Frame } from '../wire/frame.ts'
import { join } from './collect.ts'
import type { ClientFramer } from './framing.ts'
import { createLegalEncoder } from './legal-encoder.ts'
import type { MachineReport, StreamStep } from './machine.ts'

interface VoiceOptions {
  readonly ingress: Dialect
  readonly exchange: Exchange
  /** How the client wants its stream framed. */
  readonly framer: ClientFramer
  /** Makes of a usage report one that can be true. */
  readonly plausible: (usage: Usage) => Usage
  /** Makes of what was told and what was counted the usage of the answer. */
  readonly settle: (told: Usage | undefined, count: OutputCount | undefined) => Usage
  /** Sees every event that the client was told. */
  readonly watch?: (event: IrEvent) => void
}

export interface ClientVoice {
  write(events: readonly IrEvent[]): StreamStep
  /** The error event of the client's wire; never a success terminator. */
  fail(error: GatewayError): Uint8Array
  /** Takes in what an event tells of the answer, without telling the client. */
  learn(event: IrEvent): void
  /** Another upstream goes on: what was learned of the one before is not said of this one. */
  forget(): void
  report(): MachineReport
}

/** A voice for one stream to one client. */
export function createVoice({ ingress, exchange, framer, plausible, settle, watch }: VoiceOptions): ClientVoice {
  const encoder = createLegalEncoder(ingress, exchange)
  // Of all that the client was told, whoever of the upstreams said it.
  const meter = createOutputMeter()
  let hasCounted = false
  let usage: Usage | undefined
  let finish: Finish | undefined
  let model: string | undefined
  let ended = false

  function learn(event: IrEvent): void {
    switch (event.type) {
      case 'usage-report':
        usage = mergeUsage(usage, event.usage)
        hasCounted ||= event.usage.output !== undefined
        break
      case 'choice-finish':
        finish = event.finish
        break
      case 'response-start':
        model = event.model ?? model
        break
      case 'part-start':
        if (event.opening.type === 'tool-call') meter.call(event.opening.name)
        break
      case 'text-delta':
      case 'reasoning-delta':
      case 'refusal-delta':
      case 'tool-input-delta':
        meter.add(event.text)
        break
      default:
    }
  }

  function step(frames: readonly Frame[], kind: StreamStep['kind'], error?: GatewayError): StreamStep {
    const written = frames.length > 0 ? framer.encode(frames) : undefined
    if (kind === 'end') return { bytes: join([...(written === undefined ? [] : [written]), framer.close()]), kind }
    if (error !== undefined) return { ...(written !== undefined && { bytes: written }), kind, error }
    return written === undefined ? { kind } : { bytes: written, kind }
  }

  function tell(events: readonly IrEvent[]): StreamStep {
    const frames: Frame[] = []
    let kind: StreamStep['kind'] = 'idle'
    for (const told of events) {
      if (told.type === 'error') return step(frames, kind, told.error)
      const event = told.type === 'usage-report' ? { ...told, usage: plausible(told.usage) } : told
      learn(event)
      watch?.(event)
      const made = encoder.step(event)
      // One after the other: an event of the provider may be a hundred thousand of ours.
      for (const frame of made) frames.push(frame)
      const fault = encoder.fault()
      if (fault !== undefined) return step(frames, kind, fault)
      if (event.type === 'response-end') {
        ended = true
        kind = 'end'
      } else if (kind === 'idle' && isContent(event)) kind = 'content'
    }
    return step(frames, kind)
  }

  return {
    learn,
    write(events) {
      const written = tell(events)
      // A provider counts what stands beside its counters, before them or behind.
      if (hasCounted) meter.reported()
      hasCounted = false
      return written
    },
    fail(error) {
      // The encoder knows where its stream stands; one that has given up itself says nothing more.
      const told = encoder.step({ type: 'error', error })
      const frames = told.length > 0 ? told : ingress.encodeStreamError(error, exchange.requestId)
      return join([framer.encode(frames), framer.close()])
    },
    forget() {
      usage = undefined
      finish = undefined
      model = undefined
    },
    report: () => ({
      complete: ended || (finish !== undefined && encoder.fault() === undefined),
      usage: settle(usage, meter.count()),
      ...(finish !== undefined && { finish }),
      ...(model !== undefined && { model }),
      losses: encoder.losses(),
    }),
  }
}
