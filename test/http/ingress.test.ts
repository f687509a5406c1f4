import { describe, expect, it } from 'vitest'
import { dialectOfPath, isGeminiPath, matchEndpoint } from '../../src/http/ingress.ts'

describe('a path of the data plane', () => {
  it.each([
    ['/v1/chat/completions', 'openai-chat', 'generate'],
    ['/v1/completions', 'openai-completions', 'generate'],
    ['/v1/responses', 'openai-responses', 'generate'],
    ['/v1/embeddings', 'openai-embeddings', 'embed'],
    ['/v1/messages', 'anthropic-messages', 'generate'],
    ['/anthropic/v1/messages', 'anthropic-messages', 'generate'],
    ['/v1/messages/count_tokens', 'anthropic-messages', 'count-tokens'],
    ['/anthropic/v1/messages/count_tokens', 'anthropic-messages', 'count-tokens'],
    ['/v1beta/models/gemini-2.5-flash:generateContent', 'gemini', 'generate'],
    ['/v1beta/models/gemini-2.5-flash:streamGenerateContent', 'gemini', 'generate'],
    ['/v1beta/models/gemini-2.5-flash:countTokens', 'gemini', 'count-tokens'],
    ['/v1/models/gemini-2.5-flash:generateContent', 'gemini', 'generate'],
    ['/gemini/v1beta/models/gemini-2.5-flash:generateContent', 'gemini', 'generate'],
    ['/v1beta/models/openrouter/meta/llama:free:generateContent', 'gemini', 'generate'],
    ['/v1beta/openai/gpt-5:generateContent', 'gemini', 'generate'],
  ])('%s belongs to %s and asks to %s', (path, dialect, task) => {
    const ingress = matchEndpoint(path)
    expect([ingress?.dialect.id, ingress?.endpoint.task]).toEqual([dialect, task])
  })

  it.each(['/v1/models', '/v1/models/gpt-4o', '/v1beta/models', '/v1beta/:generateContent', '/v1/chat'])(
    '%s is none of inference',
    (path) => {
      expect(matchEndpoint(path)).toBeUndefined()
    },
  )
})

describe('the wire of an error', () => {
  it.each([
    ['/v1/nothing', 'openai-chat'],
    ['/v1/messages/x', 'anthropic-messages'],
    ['/anthropic/v1/nothing', 'anthropic-messages'],
    ['/v1beta/nothing', 'gemini'],
    ['/v1beta/models/x:unknownAction', 'gemini'],
    ['/v1/models/x:unknownAction', 'gemini'],
    ['/v1/responses/x', 'openai-responses'],
  ])('on %s is that of %s', (path, dialect) => {
    expect(dialectOfPath(path).id).toBe(dialect)
  })

  it.each<[string, Record<string, string>, string]>([
    ['/v1/models', {}, 'openai-chat'],
    ['/v1/models', { 'anthropic-version': '2026-10-21' }, 'anthropic-messages'],
    ['/v1/models/x', { 'x-goog-api-key': 'k' }, 'gemini'],
    ['/v1/chat/completions', { 'anthropic-version': '2026-10-21' }, 'openai-chat'],
  ])('on %s with %o is that of %s', (path, headers, dialect) => {
    expect(dialectOfPath(path, new Headers(headers)).id).toBe(dialect)
  })

  it('takes a key from the URL on no other path than Google’s', () => {
    expect(isGeminiPath('/v1beta/models')).toBe(true)
    expect(isGeminiPath('/v1/models')).toBe(false)
    expect(isGeminiPath('/v1/chat/completions')).toBe(false)
  })
})
