// What stands between one upstream's stream and the client, and who hears of its end. Owns which of the ways it is.
import { generative } from '../dialects/index.ts'
import type { GatewayError } from '../ir/error.ts'
import type { IrEvent } from '../ir/event.ts'
import type { ClientFramer } from './framing.ts'
import type { MachineReport, StreamMachine } from './machine.ts'
import { createPassthrough } from './passthrough.ts'
import { checkOf, exchangeOf, plausibleIn, sealingOf, settledIn, type StreamOptions } from './reading.ts'
import {
  createMendedSource,
  createRepair,
  createTranscript,
  isMended,
  type Graft,
  type MendedSource,
} from './repair/index.ts'
import { createStreamSealer } from './state/index.ts'
import type { StreamEnd, StreamSource } from './stream.ts'
import { createTranslation } from './translate.ts'
import { createVoice, type ClientVoice } from './voice.ts'

export interface StreamParts {
  readonly machine: StreamMachine
  /** The client's stream, where it may outlive this upstream. */
  readonly mended?: MendedSource
  readonly onBreak?: (error: GatewayError) => boolean
  readonly onEnd: (end: StreamEnd) => void
}

/** What stands between the upstream and the client: bytes, a translation, or one that another upstream can go on with. */
export function streamParts(options: StreamOptions, framer: ClientFramer, source: () => StreamSource): StreamParts {
  const { context, candidate, repairs, joining } = options
  const ending = (then: (end: StreamEnd) => void) => (end: StreamEnd) => {
    options.onUseEnd(end)
    then(end)
  }
  if (joining !== undefined) {
    const graft = joining.graft()
    return {
      machine: translationOf(options, joining.voice, graft),
      onBreak: breaking(options, joining.onBreak, () => graft.hasDeparted()),
      onEnd: ending(joining.onEnd),
    }
  }
  if (repairs !== undefined && isMended(context, candidate)) {
    const transcript = createTranscript(context.snapshot.server.limits.maxRepairChars)
    const voice = voiceOf(options, framer, (event) => transcript.see(event))
    const open = createRepair({ context, candidate, repairs, voice, transcript, upper: () => mended })
    const { onStreamEnd: onEnd, forClient } = options
    const mended: MendedSource = createMendedSource(
      { voice, canGoOn: () => transcript.canGoOn(), open, onEnd, forClient },
      source,
    )
    const machine = translationOf(options, voice)
    return { machine, mended, onBreak: breaking(options, mended.onBreak), onEnd: ending(mended.onEnd) }
  }
  const machine = candidate.passthrough
    ? passthroughOf(options, framer)
    : translationOf(options, voiceOf(options, framer))
  return { machine, onEnd: ending(options.onStreamEnd) }
}

// The use of this target is over, whatever becomes of the answer. One that said something else has not failed.
function breaking(
  { context, onUseEnd }: StreamOptions,
  goesOn: (error: GatewayError) => boolean,
  hasDeparted?: () => boolean,
): (error: GatewayError) => boolean {
  return (error) => {
    if (!goesOn(error)) return false
    const report: MachineReport = { complete: false, losses: [] }
    const departed = hasDeparted?.() === true
    onUseEnd(departed ? { type: 'cancelled', report } : { type: 'failed', report, error })
    context.finale.brokeOff(departed ? 'departed' : error.code)
    return true
  }
}

function passthroughOf({ context, candidate, prepared }: StreamOptions, framer: ClientFramer): StreamMachine {
  return createPassthrough({
    dialect: generative(context.ingress),
    exchange: exchangeOf({ context, candidate, prepared }),
    framer,
    quirks: prepared.provider.traits.quirks ?? [],
    hide: context.scrubber.hideKnown(),
    check: checkOf({ context, candidate, prepared }),
    settle: settledIn(context),
  })
}

function translationOf(options: StreamOptions, voice: ClientVoice, graft?: Graft): StreamMachine {
  const { context, candidate, prepared } = options
  // The tokens of the client's own dialect go as they are.
  const isOwn = candidate.dialect === context.ingress.id
  return createTranslation({
    egress: generative(prepared.egress),
    voice,
    traits: prepared.provider.traits,
    toolNames: prepared.toolNames,
    hide: context.scrubber.hideKnown(),
    check: checkOf(options),
    sealer: isOwn ? undefined : createStreamSealer(sealingOf(options)),
    graft,
  })
}

function voiceOf(options: StreamOptions, framer: ClientFramer, watch?: (event: IrEvent) => void): ClientVoice {
  const { context } = options
  const ingress = generative(context.ingress)
  return createVoice({
    ingress,
    exchange: exchangeOf(options),
    framer,
    plausible: plausibleIn(context),
    settle: settledIn(context),
    ...(watch !== undefined && { watch }),
  })
}
