// Layer 6: what we send upstream. Every recorded request, to every target, against the provider's own request schema and
// the rules its documentation adds. What cannot be carried is refused, and says where.
import { expect } from 'vitest'
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { GatewayError } from '../../src/ir/error.ts'
import { requestCases, type RequestCase } from './corpus-cases.ts'
import { decodeRequest, dialectIds, targetModel, tryEncodeRequest, unwrap, type Encoded } from './harness.ts'
import { layer } from './layer.ts'
import { namesOneOf, refusals } from './refusals.ts'
import { wires } from './wires/index.ts'

layer('requests', ({ check, skip }) => {
  for (const request of requestCases(skip))
    for (const target of dialectIds)
      check(`${request.dialect} → ${target} · ${request.label}`, { ...request, target }, () => {
        const { dialect, sent } = request
        const outcome = tryEncodeRequest(target, decodeRequest(dialect, sent))
        if (target === dialect) expectOwn(request, unwrap(outcome))
        else if (outcome.ok) expectForeign(request, target, outcome.value)
        else expectRefused(request, target, outcome.error)
      })
})

/** The same wire: nothing that the schema objects to and did not object to before. */
function expectOwn({ dialect, sent }: RequestCase, encoded: Encoded): void {
  const { schemaErrors, asks } = wires[dialect].requests
  const known = schemaErrors(sent.body, true)
  expect(schemaErrors(encoded.sent.body, true).filter((error) => !known.includes(error))).toEqual([])
  expect(asks(encoded.sent)).toEqual({ ...asks(sent), model: targetModel(dialect) })
}

function expectForeign({ dialect, sent }: RequestCase, target: GenerativeId, encoded: Encoded): void {
  expect(refusals(dialect, target, sent.body).must, 'what has no place on the target is refused').toEqual([])
  const { schemaErrors, problems, asks } = wires[target].requests
  expect(schemaErrors(encoded.sent.body)).toEqual([])
  expect(problems(encoded.sent.body)).toEqual([])
  const { stream } = wires[dialect].requests.asks(sent)
  expect(asks(encoded.sent)).toEqual({ model: targetModel(target), stream })
  if (target === 'anthropic-messages') expect(encoded.headers['anthropic-version']).toBe('2023-06-01')
}

/** A refusal names a place of the client's own body at which there is something that the target cannot carry. */
function expectRefused({ dialect, sent }: RequestCase, target: GenerativeId, error: GatewayError): void {
  expect(error.code).toBe('unsupported_content')
  const { must, may } = refusals(dialect, target, sent.body)
  const { format = [] } = wires[dialect].requests.special(sent.body)
  // A format has no path of its own in the canonical request: its parameter may go by the name that any wire gives it.
  const named = format.length > 0 ? Object.values(wires).flatMap((wire) => wire.requests.concepts.format) : []
  const places = [...must, ...may]
  const isNamed = namesOneOf(error.param ?? '', [...places, ...named])
  expect(isNamed ? [] : places, `the refusal names ${error.param}`).toEqual([])
}
