// Layer 9: what a translation reports, it reports by places of the body it came from. Every loss and every refusal of a
// request names something that the client wrote, and every loss of an answer something that the provider wrote.
import { expect } from 'vitest'
import type { GenerativeId } from '../../src/dialects/index.ts'
import { pointerOf } from '../../src/ir/ledger.ts'
import { plain, requestFeatures, type IngressId } from '../matrix/request-features.ts'
import { list, record, type Json } from '../support/json.ts'
import { answerCases, requestCases, responseOf } from './corpus-cases.ts'
import {
  decodeRequest,
  dialectIds,
  encodeResponse,
  exchangeFor,
  others,
  sentTo,
  targetModel,
  tryEncodeRequest,
} from './harness.ts'
import { layer } from './layer.ts'
import type { Sent } from './wires/wire.ts'

/** Models of a wire that are told the same thing in different words. */
const models: Readonly<Partial<Record<GenerativeId, readonly string[]>>> = {
  gemini: ['gemini-3-pro-preview', 'gemini-2.5-flash', 'gemini-2.0-flash'],
  'bedrock-converse': ['us.amazon.nova-2-lite-v1:0', 'openai.gpt-oss-120b-1:0', 'meta.llama3-70b-instruct-v1:0'],
}

/** Whether a JSON pointer leads to something. */
function leads(body: unknown, pointer: string): boolean {
  const steps = pointer.split('/').slice(1)
  let at: unknown = body
  for (const step of steps) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return false
    at = Array.isArray(at) ? list(at)[Number(name)] : record(at)[name]
  }
  return steps.length > 0
}

/** The places that a translation names and that the body does not have. */
function misplaced(from: GenerativeId, to: GenerativeId, sent: Sent): string[] {
  const request = decodeRequest(from, sent)
  return [targetModel(to), ...(models[to] ?? [])].flatMap((model) => {
    const outcome = tryEncodeRequest(to, request, model)
    const paths = outcome.ok ? outcome.value.losses.map(({ path }) => path) : [outcome.error.param ?? 'no param']
    return paths.filter((path) => !leads(sent.body, pointerOf(sent.body, path)))
  })
}

/** The features of the table of translations, each over a plain request. */
function featureRequests(dialect: GenerativeId): Sent[] {
  if (!(dialect in plain)) return []
  const ingress = dialect as IngressId
  return requestFeatures.flatMap(({ on }) => {
    const fragment = on[ingress]
    return fragment === undefined ? [] : [sentTo(dialect, { ...plain[ingress], ...fragment })]
  })
}

layer('loss places', ({ check, skip }) => {
  const recorded = requestCases(skip)
  for (const from of dialectIds) {
    const bodies = [
      ...recorded.filter(({ dialect }) => dialect === from).map(({ sent }) => sent),
      ...featureRequests(from),
    ]
    for (const to of others(from))
      check(`requests name what the client wrote · ${from} → ${to}`, { dialect: from, target: to }, () => {
        expect([...new Set(bodies.flatMap((sent) => misplaced(from, to, sent)))]).toEqual([])
      })
  }
})
