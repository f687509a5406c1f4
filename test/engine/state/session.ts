// One step of a session, as the engine does it, on the real codecs: a client's request on its way to a provider, and the
// provider's answer on its way back.
import type { Exchange, WireRequest } from '../../../src/dialects/dialect.ts'
import { dialects, type GenerativeId } from '../../../src/dialects/index.ts'
import { renameTools } from '../../../src/engine/translate.ts'
import { holdsEnvelope } from '../../../src/engine/state/envelope.ts'
import type { StateKeeper } from '../../../src/engine/state/keeper.ts'
import { realmOf, type Origin } from '../../../src/engine/state/realm.ts'
import { restoreState } from '../../../src/engine/state/restore.ts'
import { sealAnswer, type SealOptions } from '../../../src/engine/state/seal-answer.ts'
import { createStreamSealer } from '../../../src/engine/state/seal-stream.ts'
import type { Outcome } from '../../../src/ir/error.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import { createFold } from '../../../src/ir/fold.ts'
import type { Loss } from '../../../src/ir/loss.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import type { IrResponse } from '../../../src/ir/response.ts'
import { unfold } from '../../../src/ir/unfold.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { readJson } from '../../../src/wire/json-scan.ts'
import { plainFacts } from '../../support/facts.ts'
import type { ClientWire, Json } from './wires.ts'

/** What went to the provider. */
export interface Sent {
  readonly body: Json
  readonly losses: readonly Loss[]
  /** The client's bytes, unchanged but for the model. */
  readonly byBytes: boolean
  readonly request: IrRequest
  readonly toolNames: ReadonlyMap<string, string>
}

interface Step {
  readonly client: ClientWire
  readonly origin: Origin
  readonly keeper: StateKeeper
}

export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  const { code, message, param } = outcome.error
  throw new Error(`${code} (${param ?? 'no param'}): ${message}`, { cause: outcome.error })
}

function dialectOf({ dialect }: Origin): GenerativeId {
  if (dialect === 'openai-embeddings') throw new Error('embeddings have no sessions')
  return dialect
}

function wireOf(client: ClientWire, body: Json): WireRequest {
  const reading = readJson(new TextEncoder().encode(JSON.stringify(body)), { maxDepth: 64, maxKeysPerObject: 1000 })
  if (!reading.ok) throw new Error(reading.fault)
  return {
    task: 'generate',
    path: client.path,
    query: new URLSearchParams(),
    headers: new Headers(),
    body: reading.document,
  }
}

function jsonOf(bytes: Uint8Array): Json {
  return JSON.parse(new TextDecoder().decode(bytes)) as Json
}

/** The request as the provider gets it. */
export async function send(body: Json, { client, origin, keeper }: Step): Promise<Sent> {
  const wire = wireOf(client, body)
  const request = unwrap(dialects[client.dialect].decodeRequest(wire))
  const target = { model: origin.model }
  if (client.dialect === origin.dialect && !holdsEnvelope(wire.body)) {
    const call = dialects[client.dialect].retarget(wire, target, [])
    return { body: jsonOf(call.body), losses: [], byBytes: true, request, toolNames: new Map() }
  }
  const restored = await restoreState(request, { keeper, target: origin })
  const encoded = unwrap(dialects[dialectOf(origin)].encodeRequest(restored.request, target))
  return {
    body: jsonOf(encoded.call.body),
    losses: [...restored.losses, ...encoded.losses],
    byBytes: false,
    request,
    toolNames: encoded.toolNames,
  }
}

interface Received extends Step {
  readonly sent: Sent
}

function exchangeOf({ client, origin }: Step): Exchange {
  return {
    requestId: 'req_0mwqjouu9957de235c0c644e',
    facts: plainFacts({ dialect: client.dialect }),
    upstream: origin.dialect,
    model: origin.model,
    createdAt: 1_790_000_000,
  }
}

function sealing({ client, origin, keeper, sent }: Received): SealOptions {
  return {
    keeper,
    ingress: client.dialect,
    realm: realmOf(origin),
    before: sent.request.turns.findLast((turn) => turn.role === 'user'),
  }
}

/** A whole answer as the client gets it. */
export async function receive(answer: Json, step: Received): Promise<Json> {
  const { client, origin, sent } = step
  if (client.dialect === origin.dialect) return answer
  const decoded = renameTools(unwrap(dialects[dialectOf(origin)].decodeResponse(answer)), sent.toolNames)
  const { response } = await sealAnswer(decoded, sealing(step))
  return jsonOf(dialects[client.dialect].encodeResponse(response, exchangeOf(step)).body)
}

/** The same answer as a stream of the provider's wire, and what the client has collected of its own. */
export async function receiveStream(answer: Json, step: Received): Promise<Json> {
  const { client, origin, sent } = step
  if (client.dialect === origin.dialect) return answer
  const egress = dialects[dialectOf(origin)]
  const ingress = dialects[client.dialect]
  const exchange = exchangeOf(step)
  const own = { ...exchange, facts: plainFacts({ dialect: origin.dialect, wantsUsage: true }) }
  const encoder = egress.streamEncoder(own)
  const upstream = unfold(unwrap(egress.decodeResponse(answer))).flatMap((event) => encoder.step(event))
  const decoder = egress.streamDecoder()
  const sealer = createStreamSealer(sealing(step))
  const writer = ingress.streamEncoder(exchange)
  const frames: Frame[] = []
  const take = async (events: readonly IrEvent[]): Promise<void> => {
    for (const event of await sealer.step(events.map((one) => renamed(one, sent.toolNames))))
      frames.push(...writer.step(event))
  }
  for (const frame of upstream) await take(decoder.step(frame))
  await take(decoder.finish())
  return jsonOf(
    ingress.encodeResponse(collected(client.dialect, frames), { ...exchange, upstream: client.dialect }).body,
  )
}

function renamed(event: IrEvent, names: ReadonlyMap<string, string>): IrEvent {
  if (event.type !== 'part-start' || event.opening.type !== 'tool-call') return event
  return { ...event, opening: { ...event.opening, name: names.get(event.opening.name) ?? event.opening.name } }
}

function collected(dialect: GenerativeId, frames: readonly Frame[]): IrResponse {
  const decoder = dialects[dialect].streamDecoder()
  const fold = createFold(dialect, dialects[dialect].joinOpaque)
  for (const frame of frames) decoder.step(frame).forEach(fold.step)
  decoder.finish().forEach(fold.step)
  const failure = fold.error()
  if (failure !== undefined) throw failure
  return fold.response()
}
