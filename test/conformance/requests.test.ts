// Layer 6: what we send upstream. Every recorded request, to both targets, against the provider's own request schema and
// the rules its documentation adds. What cannot be carried is refused, and says where.
import { expect } from 'vitest'
import { requestCases } from './corpus-cases.ts'
import { decodeRequest, dialects, encodeRequest, other } from './harness.ts'
import { layer } from './layer.ts'
import { mustBeRefused, requestErrors, requestProblems } from './request-rules.ts'

layer('requests', ({ check, skip }) => {
  for (const { label, dialect, body } of requestCases(skip)) {
    check(`${dialect} → itself · ${label}`, () => {
      const known = requestErrors(dialect, body, true)
      const encoded = encodeRequest(dialect, decodeRequest(dialect, body)).body
      expect(requestErrors(dialect, encoded, true).filter((error) => !known.includes(error))).toEqual([])
    })

    const target = other(dialect)
    const param = mustBeRefused(dialect, body)
    if (param !== undefined)
      check(`${dialect} → ${target} is refused · ${label}`, () => {
        const outcome = dialects[target].encodeRequest(decodeRequest(dialect, body), { model: 'm' })
        expect(outcome.ok, 'an outcome that is not ok').toBe(false)
        if (!outcome.ok) expect(outcome.error).toMatchObject({ code: 'unsupported_content', param })
      })
    else
      check(`${dialect} → ${target} · ${label}`, () => {
        const encoded = encodeRequest(target, decodeRequest(dialect, body), 'model-of-the-target')
        expect(requestErrors(target, encoded.body)).toEqual([])
        expect(requestProblems(target, encoded.body)).toEqual([])
        expect(encoded.body['model']).toBe('model-of-the-target')
        expect(encoded.body['stream'] === true).toBe(body['stream'] === true)
        if (target === 'anthropic-messages') expect(encoded.headers['anthropic-version']).toBe('2023-06-01')
      })
  }
})
