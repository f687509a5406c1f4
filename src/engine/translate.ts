// Two dialects: the upstream's frames become canonical events, and those become the client's frames. Owns the upstream's
// half; the client's is the voice, which may outlive an upstream.
import type { Dialect } from '../dialects/dialect.ts'
import type { IrEvent } from '../ir/event.ts'
import type { IrResponse } from '../ir/response.ts'
import type { Traits } from '../ir/traits.ts'
import type { Frame } from '../wire/frame.ts'
import type { StreamMachine, StreamStep } from './machine.ts'
import { plainError, type EventCheck } from './malformed.ts'
import type { Graft } from './repair/graft.ts'
import type { StreamSealer } from './state/index.ts'
import type { ClientVoice } from './voice.ts'

interface TranslateOptions {
  readonly egress: Dialect
  /** Speaks to the client. */
  readonly voice: ClientVoice
  /** How the provider departs from its wire. */
  readonly traits?: Traits | undefined
  /** Provider's tool name → client's. */
  readonly toolNames: ReadonlyMap<string, string>
  /** Takes known secrets out of a text. */
  readonly hide?: (text: string) => string
  /** Finds events that cannot be read; absent where nobody looks. */
  readonly check?: EventCheck
  /** Absent where nothing has to come back. */
  readonly sealer?: StreamSealer | undefined
  /** Fits the answer onto what another upstream has said already. */
  readonly graft?: Graft | undefined
}

/** Translates a stream event by event; nothing is held back but what the client's wire wants later. */
export function createTranslation(options: TranslateOptions): StreamMachine {
  const { voice, sealer, check, graft } = options
  const decoder = options.egress.streamDecoder(options.traits)

  // An event may quote what its sender was sent.
  function quiet(frame: Frame): Frame {
    const data = options.hide?.(frame.data)
    return data === undefined || data === frame.data ? frame : { ...frame, data }
  }

  function run(decoded: readonly IrEvent[]): StreamStep | Promise<StreamStep> {
    const named = options.toolNames.size === 0 ? decoded : decoded.map((event) => renameTool(event, options.toolNames))
    const sealed = sealer?.step(named) ?? named
    return sealed instanceof Promise ? sealed.then(write) : write(sealed)
  }

  function write(events: readonly IrEvent[]): StreamStep {
    return graft === undefined ? voice.write(events) : graft.write(events)
  }

  function take(frame: Frame): StreamStep | Promise<StreamStep> {
    const verdict = check?.look(frame) ?? 'sound'
    if (verdict === 'skip') return { kind: 'idle' }
    if (verdict !== 'sound') return { kind: 'idle', error: verdict }
    const events = decoder.step(quiet(frame))
    const failure = frame.event === 'error' ? plainError(frame) : undefined
    if (failure === undefined || events.some(({ type }) => type === 'error')) return run(events)
    return { kind: 'idle', error: failure }
  }

  return {
    step: (block) => (block.frame === undefined ? { kind: 'idle' } : take(block.frame)),
    skim: () => false,
    finish: () => run(decoder.finish()),
    fail: (error) => voice.fail(error),
    settle: () => {},
    report() {
      const said = voice.report()
      return { ...said, losses: [...said.losses, ...(sealer?.losses() ?? []), ...(check?.losses() ?? [])] }
    },
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
