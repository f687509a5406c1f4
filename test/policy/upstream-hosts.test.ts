// Host globs: what they let pass, and that nobody can register their way in.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hostGlobProblem, isAllowedHost } from '../../src/policy/upstream-hosts.ts'

describe('a glob', () => {
  it.each([
    ['api.openai.com', 'api.openai.com', true],
    ['API.OpenAI.com', 'api.openai.com', true],
    ['api.openai.com', 'api.openai.com.evil.example', false],
    ['api.openai.com', 'xapi.openai.com', false],
    ['*.amazonaws.com', 'bedrock-runtime.us-east-1.amazonaws.com', true],
    ['*.amazonaws.com', 'amazonaws.com', false],
    ['*.amazonaws.com', 'evilamazonaws.com', false],
    ['*.amazonaws.com', 'x.amazonaws.com.evil.example', false],
    ['bedrock-runtime.*.amazonaws.com', 'bedrock-runtime.eu-west-1.amazonaws.com', true],
    ['bedrock-runtime.*.amazonaws.com', 'sts.eu-west-1.amazonaws.com', false],
    ['*-aiplatform.googleapis.com', 'europe-west4-aiplatform.googleapis.com', true],
    ['a*b*a.example', 'aba.example', true],
    ['a*b*a.example', 'aa.example', false],
    ['ab*ba.example', 'aba.example', false],
    ['a*bc*c.example', 'abc.example', false],
    ['[::1]', '[::1]', true],
    ['127.0.0.1', '127.0.0.1', true],
  ])('%s and the host %s: %s', (glob, host, expected) => {
    expect(hostGlobProblem(glob)).toBeUndefined()
    expect(isAllowedHost(host, [glob])).toBe(expected)
  })

  it('matches as the expression that it stands for does', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 6 })
    const glob = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('*'))
    fc.assert(
      fc.property(glob, fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 }), (pattern, host) => {
        const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
        return isAllowedHost(host, [pattern]) === expression.test(host)
      }),
      { numRuns: 5000 },
    )
  })
})

it('a list without entries names nobody, and lets everybody pass', () => {
  expect(isAllowedHost('anything.example', [])).toBe(true)
})
