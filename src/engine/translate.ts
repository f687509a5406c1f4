// Two dialects: the upstream's frames become canonical events, and those become the client's frames.
// Every frame passes the grammar of the client's wire before it leaves.
import type { Dialect, Exchange, Violation } from '../dialects/dialect.ts'
import { GatewayError } from '../ir/error.ts'
import { isContent, type IrEvent } from '../ir/event.ts'
import type { Loss } from '../ir/loss.ts'
import type { IrResponse, Finish } from '../ir/response.ts'
import type { Traits } from '../ir/traits.ts'
import { mergeUsage, type Usage } from '../ir/usage.ts'
import type { Frame } from '../wire/frame.ts'
import { join } from './collect.ts'
import type { ClientFramer } from './framing.ts'
import type { StreamMachine, StreamStep } from './machine.ts'
import type { StreamSealer } from './state/index.ts'

interface TranslateOptions {
  readonly ingress: Dialect
  readonly egress: Dialect
  readonly exchange: Exchange
  /** How the client wants its stream framed. */
  readonly framer: ClientFramer
  /** How the provider departs from its wire. */
  readonly traits?: Traits | undefined
  /** Provider's tool name → client's. */
  readonly toolNames: ReadonlyMap<string, string>
  /** Takes known secrets out of a text. */
  readonly hide?: (text: string) => string
  /** Makes of a usage report one that can be true. */
  readonly plausible: (usage: Usage) => Usage
  /** Absent where nothing has to come back. */
  readonly sealer?: StreamSealer
}

/** Translates a stream event by event; nothing is held back but what the client's wire wants later. */
export function createTranslation(options: TranslateOptions): StreamMachine {
  const { ingress, egress, exchange, framer, sealer } = options
  const decoder = egress.streamDecoder(options.traits)
  const encoder = createLegalEncoder(ingress, exchange)
  let usage: Usage | undefined
  let finish: Finish | undefined
  let model: string | undefined
  let ended = false

  // An event may quote what its sender was sent.
  function quiet(frame: Frame): Frame {
    const data = options.hide?.(frame.data)
    return data === undefined || data === frame.data ? frame : { ...frame, data }
  }

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
      default:
    }
  }

  function run(decoded: readonly IrEvent[]): StreamStep | Promise<StreamStep> {
    const named = options.toolNames.size === 0 ? decoded : decoded.map((event) => renameTool(event, options.toolNames))
    const sealed = sealer?.step(named) ?? named
    return sealed instanceof Promise ? sealed.then(write) : write(sealed)
  }

  function write(events: readonly IrEvent[]): StreamStep {
    let frames: readonly Frame[] = []
    let kind: StreamStep['kind'] = 'idle'
    for (const told of events) {
      if (told.type === 'error') return step(frames, kind, told.error)
      const event = told.type === 'usage-report' ? { ...told, usage: options.plausible(told.usage) } : told
      learn(event)
      const made = encoder.step(event)
      frames = frames.length === 0 ? made : [...frames, ...made]
      const fault = encoder.fault()
      if (fault !== undefined) return step(frames, kind, fault)
      if (event.type === 'response-end') {
        ended = true
        kind = 'end'
      } else if (kind === 'idle' && isContent(event)) kind = 'content'
    }
    return step(frames, kind)
  }

  function step(frames: readonly Frame[], kind: StreamStep['kind'], error?: GatewayError): StreamStep {
    const written = frames.length > 0 ? framer.encode(frames) : undefined
    if (kind === 'end') return { bytes: join([...(written === undefined ? [] : [written]), framer.close()]), kind }
    if (error !== undefined) return { ...(written !== undefined && { bytes: written }), kind, error }
    return written === undefined ? { kind } : { bytes: written, kind }
  }

  return {
    step: (block) => (block.frame === undefined ? { kind: 'idle' } : run(decoder.step(quiet(block.frame)))),
    skim: () => false,
    finish: () => run(decoder.finish()),
    fail(error) {
      // The encoder knows where its stream stands; one that has given up itself says nothing more.
      const told = encoder.step({ type: 'error', error })
      const frames = told.length > 0 ? told : ingress.encodeStreamError(error, exchange.requestId)
      return join([framer.encode(frames), framer.close()])
    },
    settle: () => {},
    report: () => ({
      complete: ended || (finish !== undefined && encoder.fault() === undefined),
      ...(usage !== undefined && { usage }),
      ...(finish !== undefined && { finish }),
      ...(model !== undefined && { model }),
      losses: [...encoder.losses(), ...(sealer?.losses() ?? [])],
    }),
  }
}

/** An encoder that lets no illegal frame out. */
export interface LegalEncoder {
  /** The frames of an event. Where one of them is illegal none leaves, the terminal before it least of all. */
  step(event: IrEvent): readonly Frame[]
  /** Why the stream cannot go on: the client has to be told, and what follows is worth nothing. */
  fault(): GatewayError | undefined
  /** What the encoder lost, and what its wire's grammar flags. */
  losses(): readonly Loss[]
}

/** The encoder of a wire behind the grammar of that wire. */
export function createLegalEncoder(ingress: Dialect, exchange: Exchange): LegalEncoder {
  const encoder = ingress.streamEncoder(exchange)
  const grammar = ingress.grammar()
  let fault: GatewayError | undefined

  return {
    step(event) {
      if (fault !== undefined) return []
      const frames = encoder.step(event)
      let violation: Violation | undefined
      for (const frame of frames) violation ??= grammar.step(frame)
      if (event.type === 'response-end') violation ??= grammar.finish()
      if (violation !== undefined) {
        fault = faultOf(violation)
        return []
      }
      if (event.type === 'error' || grammar.lastWord() !== 'error') return frames
      // The encoder itself gave up: the error event is left to whoever tells the client and the trace.
      fault = new GatewayError('upstream_bad_content', { message: unwritable })
      return frames.slice(0, -1)
    },
    fault: () => fault,
    losses: () => [...encoder.losses(), ...grammar.flags().map(lossOf)],
  }
}

const unwritable = 'the answer could not be written as a legal stream'

function faultOf({ rule, detail }: Violation): GatewayError {
  return new GatewayError('internal', { message: unwritable, cause: new Error(`${rule}: ${detail}`) })
}

/** A flag as a loss: its detail says where before it says what. */
function lossOf({ detail }: Violation): Loss {
  const [path = '', ...what] = detail.split(': ')
  return { path, action: 'approximated', reason: what.join(': ') }
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
