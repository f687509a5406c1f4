// Whatever an endpoint answers: something is made of it, nothing is thrown, and nothing that cannot be a token is taken.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readKeys } from '../../../node-adapter/machine/aws-role-keys.ts'
import { readGoogleKey } from '../../../src/credentials/recipes/google-key.ts'
import { isToken, maxTokenLength, readGrant } from '../../../src/credentials/recipes/grant.ts'
import { xmlText } from '../../../src/credentials/recipes/xml-text.ts'
import { Secret } from '../../../src/ir/secret.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.record({ access_token: fc.anything(), expires_in: fc.anything(), refresh_token: fc.anything() }).map((value) => {
    try {
      return JSON.stringify(value)
    } catch {
      return ''
    }
  }),
  fc.tuple(fc.string(), fc.string()).map(([a, b]) => `access_token=${a}&expires_in=${b}`),
)
const asked = { id: 'acct', who: 'the token endpoint', askedAt: 1_000 }

describe('any answer', () => {
  it('of a token endpoint gives a usable token, a refusal or nothing', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 100, max: 599 }), (text, status) => {
        const result = readGrant({ kind: 'answered', status, headers: new Headers(), text }, asked)
        if (result.kind !== 'granted') return
        expect(status).toBeGreaterThanOrEqual(200)
        expect(status).toBeLessThan(300)
        expect(isToken(result.accessToken.reveal())).toBe(true)
        expect(Number.isFinite(result.expiresAt) && result.expiresAt > asked.askedAt).toBe(true)
      }),
      // So short a life is no life at all, and what came of adding it was the very moment of asking.
      { numRuns: 1000, examples: [['{"access_token":"!","expires_in":5e-324}', 200]] },
    )
  })

  it('that refuses is repeated as a code only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (error, description) => {
        const text = JSON.stringify({ error, error_description: `secret-${description}` })
        const result = readGrant({ kind: 'answered', status: 400, headers: new Headers(), text }, asked)
        if (result.kind === 'refused') expect(result.code).toMatch(/^[\w.-]{1,64}$/)
      }),
    )
  })

  it('of the other services is read without a throw', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        readKeys(text)
        readGoogleKey(new Secret('acct', text), 'acct')
        xmlText(text, 'AccessKeyId')
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['', false],
    ['a b', false],
    ['ä', false],
    ['x'.repeat(maxTokenLength), true],
    ['x'.repeat(maxTokenLength + 1), false],
    ['ya29.A0-_~+/=', true],
  ])('%s is taken for a token: %s', (text, taken) => {
    expect(isToken(text)).toBe(taken)
  })
})
