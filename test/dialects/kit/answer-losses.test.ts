// What of an answer a client's wire cannot say, and where the provider wrote it.
import { describe, expect, it } from 'vitest'
import { createAnswerLosses } from '../../../src/dialects/kit/answer-losses.ts'
import type { DialectId } from '../../../src/ir/dialect-id.ts'
import type { Finish } from '../../../src/ir/response.ts'
import type { Usage } from '../../../src/ir/usage.ts'

function lossesOf(
  [source, client]: readonly [DialectId, DialectId],
  { usage, finish }: { readonly usage?: Omit<Usage, 'evidence'>; readonly finish?: Finish },
): string[] {
  const losses = createAnswerLosses({ source, client, own: source === client })
  losses.judgeUsage(usage && { ...usage, evidence: 'reported' })
  losses.judgeFinish(finish, 0)
  return losses.list().map(({ action, path }) => `${action} ${path}`)
}

describe('counts', () => {
  it.each<[string, Omit<Usage, 'evidence'>, readonly [DialectId, DialectId], string[]]>([
    [
      'written to a cache, where the client sees no such count',
      { input: 1, cacheWrite: 4 },
      ['anthropic-messages', 'gemini'],
      ['dropped usage.cache_creation_input_tokens'],
    ],
    ['of nothing that was written', { input: 1, cacheWrite: 0 }, ['anthropic-messages', 'gemini'], []],
    [
      'written for an hour, where the client sees one count',
      { cacheWrite: 1, cacheWrite1h: 4 },
      ['anthropic-messages', 'openai-chat'],
      ['approximated usage.cache_creation.ephemeral_1h_input_tokens'],
    ],
    [
      'written for an hour on Bedrock',
      { cacheWrite1h: 4 },
      ['bedrock-converse', 'openai-responses'],
      ['approximated usage.cacheDetails'],
    ],
    [
      'written for an hour, where the client sees both',
      { cacheWrite1h: 4 },
      ['bedrock-converse', 'anthropic-messages'],
      [],
    ],
    ['written', { cacheWrite: 4 }, ['openai-chat', 'openai-responses'], []],
    [
      'of reasoning',
      { output: 5, reasoning: 3 },
      ['gemini', 'bedrock-converse'],
      ['dropped usageMetadata.thoughtsTokenCount'],
    ],
    ['on the same wire', { cacheWrite: 4, reasoning: 3, extras: { tool: 1 } }, ['gemini', 'gemini'], []],
    ['without a name', { extras: { tool: 1 } }, ['openai-responses', 'gemini'], ['dropped usage.tool']],
  ])('%s', (_name, usage, wires, expected) => {
    expect(lossesOf(wires, { usage })).toEqual(expected)
  })
})

describe('an end', () => {
  it.each<[string, Finish, readonly [DialectId, DialectId], string[]]>([
    [
      'by a stop sequence',
      { class: 'stop', stopSequence: 'END' },
      ['anthropic-messages', 'openai-chat'],
      ['dropped stop_sequence'],
    ],
    [
      'by a stop sequence, on Bedrock',
      { class: 'stop', stopSequence: 'END' },
      ['bedrock-converse', 'gemini'],
      ['dropped additionalModelResponseFields.stop_sequence'],
    ],
    [
      'by a stop sequence that the client sees',
      { class: 'stop', stopSequence: 'END' },
      ['bedrock-converse', 'anthropic-messages'],
      [],
    ],
    ['that is a pause', { class: 'pause' }, ['anthropic-messages', 'bedrock-converse'], ['approximated stop_reason']],
  ])('%s', (_name, finish, wires, expected) => {
    expect(lossesOf(wires, { finish })).toEqual(expected)
  })
})

it('says each loss once, as a stream repeats itself', () => {
  const losses = createAnswerLosses({ source: 'gemini', client: 'openai-chat', own: false })
  losses.drop('a', 'first')
  losses.drop('a', 'again')
  losses.approximate('a', 'something else')
  expect(losses.list().map(({ reason }) => reason)).toEqual(['first', 'something else'])
})
