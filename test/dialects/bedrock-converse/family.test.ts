// Whose model an id stands for.
import { describe, expect, it } from 'vitest'
import { familyOf, isGptOss, isNova2, takesLongCache } from '../../../src/dialects/bedrock-converse/family.ts'

describe('the family of a model', () => {
  it.each([
    ['anthropic.claude-3-haiku-20240307-v1:0', 'anthropic'],
    ['global.anthropic.claude-opus-4-5-20251101-v1:0', 'anthropic'],
    ['arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0', 'anthropic'],
    [
      'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0',
      'anthropic',
    ],
    ['amazon.nova-lite-v1:0', 'nova'],
    ['us.amazon.nova-2-lite-v1:0', 'nova'],
    ['openai.gpt-oss-20b-1:0', 'openai'],
    ['meta.llama3-8b-instruct-v1:0', 'other'],
    ['not-anthropic-at-all', 'other'],
    ['arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-8b-instruct-v1:0', 'other'],
    ['arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc', 'unknown'],
    ['arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefabcdef', 'unknown'],
  ])('%s is %s', (model, family) => {
    expect(familyOf(model)).toBe(family)
  })

  it.each([
    ['anthropic.claude-sonnet-4-5-20250929-v1:0', true],
    ['us.anthropic.claude-opus-5', true],
    ['anthropic.claude-sonnet-4-20250514-v1:0', false],
    ['anthropic.claude-opus-4-1-20250805-v1:0', false],
    ['anthropic.claude-3-7-sonnet-20250219-v1:0', false],
    ['anthropic.claude-v2:1', false],
    ['amazon.nova-pro-v1:0', false],
  ])('%s keeps a cache entry for an hour: %s', (model, takes) => {
    expect(takesLongCache(model)).toBe(takes)
  })

  it('tells generations apart', () => {
    expect([isNova2('us.amazon.nova-2-lite-v1:0'), isNova2('amazon.nova-lite-v1:0')]).toEqual([true, false])
    expect([isGptOss('openai.gpt-oss-20b-1:0'), isGptOss('us.openai.gpt-5.6-sol')]).toEqual([true, false])
  })
})
