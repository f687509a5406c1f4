// The repair of one answer that breaks off after its beginning was sent: who is asked next, and how. Owns the order of the
// tries; the trying itself is the engine's.
import type { GatewayError } from '../../ir/error.ts'
import { ok } from '../../ir/error.ts'
import type { Candidate } from '../../policy/decision.ts'
import type { RequestContext } from '../context.ts'
import type { StreamEnd, StreamSource } from '../stream.ts'
import type { ClientVoice } from '../voice.ts'
import { continuationOf } from './continuation.ts'
import { createGraft, type Graft, type Manner } from './graft.ts'
import { prefillOf } from './prefill.ts'
import type { Transcript } from './transcript.ts'

/** How a further upstream joins the stream that the client is reading. */
export interface Joining {
  readonly manner: Manner
  readonly voice: ClientVoice
  readonly onBreak: (error: GatewayError) => boolean
  readonly onEnd: (end: StreamEnd) => void
  /** Made anew for every try: what one of them said is not swallowed for the next. */
  readonly graft: () => Graft
  /** The stream that goes on, once its first content is there. */
  readonly deliver: (source: StreamSource) => void
}

/** What one try came to. */
export type Tried =
  | 'answered'
  /** The request itself was refused: the same target may take it in another form. */
  | 'refused'
  | 'failed'

/** What the engine brings to a repair. */
export interface Repairs {
  /** The targets of the decision that may be asked, in order. */
  readonly candidates: readonly Candidate[]
  readonly attempt: (context: RequestContext, candidate: Candidate, joining: Joining) => Promise<Tried>
}

interface Broken {
  readonly context: RequestContext
  /** The target whose stream began the answer. */
  readonly candidate: Candidate
  readonly repairs: Repairs
  readonly voice: ClientVoice
  readonly transcript: Transcript
  /** The stream that the client reads. */
  readonly upper: () => Pick<Joining, 'onBreak' | 'onEnd'>
}

/** Whether an answer of this target is to be mended where it breaks off. */
export function isMended(context: RequestContext, { route }: Candidate): boolean {
  return context.facts.stream && context.facts.choices === 1 && modeOf(context, route) !== 'error'
}

function modeOf({ snapshot }: RequestContext, route: string | null) {
  return route === null ? 'error' : (snapshot.routes.get(route)?.streamFailure ?? 'error')
}

/** Opens one upstream after the other, each target at most once, until one goes on with the answer. */
export function createRepair(
  broken: Broken,
): (failure: GatewayError, signal: AbortSignal) => Promise<StreamSource | undefined> {
  const { context, candidate, repairs } = broken
  const doesContinue = modeOf(context, candidate.route) === 'continue'
  const at = repairs.candidates.indexOf(candidate)
  const rest = at < 0 ? [] : repairs.candidates.slice(at + 1)
  /** Where the last continuation was not what it should have been, its target is asked for the whole once more. */
  let continued: { readonly candidate: Candidate; readonly graft: () => Graft | undefined } | undefined
  let hasBroken = false

  function next(failure: GatewayError): Candidate | undefined {
    const isFirst = !hasBroken
    hasBroken = true
    const isAlone = repairs.candidates.length === 1
    return isFirst && isAlone && failure.code === 'stream_truncated' ? candidate : rest.shift()
  }

  async function ask(to: Candidate, manner: Manner, signal: AbortSignal): Promise<Tried | StreamSource> {
    const asked = manner === 'continue' ? continuing(broken, to, signal) : restarting(broken, to, signal)
    if (asked === undefined) return 'refused'
    let source: StreamSource | undefined
    let graft: Graft | undefined
    const tried = await repairs.attempt(asked.context, asked.candidate, {
      manner,
      voice: broken.voice,
      onBreak: broken.upper().onBreak,
      onEnd: broken.upper().onEnd,
      graft: () => {
        broken.voice.forget()
        return (graft = asked.graft())
      },
      deliver: (made) => void (source = made),
    })
    continued = manner === 'continue' && source !== undefined ? { candidate: to, graft: () => graft } : undefined
    return source ?? tried
  }

  async function open(failure: GatewayError, signal: AbortSignal): Promise<StreamSource | undefined> {
    const again = continued?.graft()?.hasDeparted() === true ? continued.candidate : undefined
    continued = undefined
    let to = again ?? next(failure)
    let manner: Manner = doesContinue && again === undefined ? 'continue' : 'restart'
    while (to !== undefined && !signal.aborted && isInTime(context) && broken.transcript.canGoOn()) {
      const tried = await ask(to, manner, signal)
      if (typeof tried === 'object') return tried
      if (manner === 'continue' && tried === 'refused') {
        manner = 'restart'
        continue
      }
      to = next(failure)
      manner = doesContinue ? 'continue' : 'restart'
    }
    return undefined
  }

  // A fault of our own is one that nobody can go on after; the client hears of its end all the same.
  return (failure, signal) =>
    open(failure, signal).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.name : typeof cause
      context.ports.log.error('internal_error', { request_id: context.requestId, reason })
      return undefined
    })
}

function isInTime({ ports, startedMono, snapshot }: RequestContext): boolean {
  return ports.clock.mono() - startedMono < snapshot.server.timeouts.totalMs
}

interface Asked {
  readonly context: RequestContext
  readonly candidate: Candidate
  readonly graft: () => Graft
}

/** The same request; its answer is compared with what the client has. */
function restarting({ context, candidate, voice, transcript }: Broken, to: Candidate, signal: AbortSignal): Asked {
  const isForeign = to.dialect !== candidate.dialect
  return {
    context: { ...context, clientSignal: signal },
    candidate: to,
    graft: () => createGraft({ voice, transcript, overlap: transcript.text(), isRepeated: true, isForeign }),
  }
}

/** The request with the text so far as its last turn; undefined where the target is not known to go on behind one. */
function continuing(broken: Broken, to: Candidate, signal: AbortSignal): Asked | undefined {
  const { context, candidate, voice, transcript } = broken
  const prefill = prefillOf(context, to)
  const canonical = context.canonical()
  if (prefill === undefined || !canonical.ok) return undefined
  const said = transcript.text()
  const continuation = continuationOf(canonical.value, said)
  if (!continuation.ok) return undefined
  const { request, tail } = continuation.value
  const isRepeated = prefill === 'repeats'
  const isForeign = to.dialect !== candidate.dialect
  return {
    context: { ...context, clientSignal: signal, canonical: () => ok(request) },
    // What is sent is no longer what the client sent.
    candidate: { ...to, passthrough: false },
    graft: () => createGraft({ voice, transcript, overlap: isRepeated ? said : tail, isRepeated, isForeign }),
  }
}
