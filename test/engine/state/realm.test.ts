import { describe, expect, it } from 'vitest'
import { realmOf, takesUnsealed, type Origin } from '../../../src/engine/state/realm.ts'
import { bedrock, claude, gemini, openrouter, responses } from './support.ts'

function canRead(left: Origin, right: Origin): boolean {
  return realmOf(left) === realmOf(right)
}

describe('who reads whose tokens', () => {
  // https://platform.claude.com/docs/en/build-with-claude/extended-thinking#thinking-encryption
  it.each([
    'claude-sonnet-4-5-20250929',
    'claude-sonnet-4-5',
    'claude-sonnet-4-5@20250929',
    'anthropic.claude-sonnet-4-5-20250929-v1:0',
    'global.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'anthropic/claude-sonnet-4.5',
  ])('one Claude model under the name %s, wherever it is served', (model) => {
    expect(realmOf({ ...claude, model })).toBe('claude/claude-sonnet-4-5')
    expect(canRead(claude, { ...bedrock, model })).toBe(true)
  })

  it.each<[string, Origin, Origin]>([
    ['two Claude models', claude, { ...claude, model: 'claude-opus-4-5' }],
    ['Claude and a compatible model', claude, { ...claude, provider: 'moonshot', model: 'kimi-k3' }],
    [
      'two compatible providers',
      { ...claude, provider: 'moonshot', model: 'kimi-k3' },
      { ...claude, provider: 'zai', model: 'kimi-k3' },
    ],
    ['two models of Bedrock', { ...bedrock, model: 'deepseek.r1-v1:0' }, { ...bedrock, model: 'openai.gpt-oss-120b' }],
    ['two providers of Gemini', gemini, { ...gemini, provider: 'vertex' }],
    ['two accounts of Responses', responses, { ...responses, account: 'other' }],
    ['two models of Responses', responses, { ...responses, model: 'gpt-5.4-mini' }],
    ['Responses and Chat of one provider', responses, { ...responses, dialect: 'openai-chat' }],
    ['two providers of Chat', openrouter, { ...openrouter, provider: 'other' }],
  ])('not %s', (_name, left, right) => {
    expect(canRead(left, right)).toBe(false)
  })

  it.each<[string, Origin, Origin]>([
    ['two accounts of Anthropic', claude, { ...claude, account: 'b' }],
    ['two Gemini models of one provider', gemini, { ...gemini, model: 'gemini-3-flash' }],
    ['two accounts of Gemini', gemini, { ...gemini, account: 'h' }],
  ])('but %s', (_name, left, right) => {
    expect(canRead(left, right)).toBe(true)
  })
})

describe('an unsealed token of a client', () => {
  it.each<[string, Origin['dialect'], Origin, boolean]>([
    ['of Anthropic stays with Anthropic', 'anthropic-messages', claude, true],
    ['of Anthropic goes to Claude on Bedrock', 'anthropic-messages', bedrock, true],
    ['of Bedrock goes to Claude at Anthropic', 'bedrock-converse', claude, true],
    [
      'of Anthropic does not go to another model of Bedrock',
      'anthropic-messages',
      { ...bedrock, model: 'nova' },
      false,
    ],
    ['of Anthropic does not go to Gemini', 'anthropic-messages', gemini, false],
    ['of Gemini does not go to Anthropic', 'gemini', claude, false],
    ['of Chat does not go to Anthropic', 'openai-chat', claude, false],
    ['of Chat stays with Chat', 'openai-chat', openrouter, true],
    ['of Responses does not go to Chat', 'openai-responses', openrouter, false],
  ])('%s', (_name, client, target, goes) => {
    expect(takesUnsealed(client, target)).toBe(goes)
  })
})
