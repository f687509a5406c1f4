// The byte path: the client's own bytes under the target's path.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import type { Edit } from '../../../src/wire/json-splice.ts'
import { bodyWith, wireRequest, type Asked } from './support.ts'

const text = '{"contents":[{"parts":[{"text":"hi \\u00e9"}]}], "generationConfig":{"seed":9007199254740993,"topP":1.0}}'

function call(body: unknown, asked: Asked, model: string, edits: readonly Edit[] = []) {
  const { path, headers, body: bytes } = gemini.retarget(wireRequest(body, asked), { model }, edits)
  return { path, headers, body: new TextDecoder().decode(bytes) }
}

describe('the path', () => {
  const generate = '/v1/models/client:generateContent'
  const stream = '/gemini/v1beta/models/client:streamGenerateContent'
  it.each<[string, string, string, string]>([
    [generate, '', 'gemini-2.5-pro', '/v1beta/models/gemini-2.5-pro:generateContent'],
    [stream, '', 'gemini-2.5-pro', '/v1beta/models/gemini-2.5-pro:streamGenerateContent'],
    [stream, 'alt=sse', 'gemini-2.5-pro', '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse'],
    [stream, 'alt=sse&key=secret', 'm', '/v1beta/models/m:streamGenerateContent?alt=sse'],
    [generate, '', 'models/m', '/v1beta/models/m:generateContent'],
    [generate, '', 'tunedModels/mine', '/v1beta/tunedModels/mine:generateContent'],
    [generate, '', 'publishers/google/models/m', '/v1beta/publishers/google/models/m:generateContent'],
    [generate, '', 'vendor/m', '/v1beta/models/vendor/m:generateContent'],
    [generate, '', 'm:tag', '/v1beta/models/m%3Atag:generateContent'],
    [generate, '', 'a b?c#d', '/v1beta/models/a%20b%3Fc%23d:generateContent'],
  ])('%s?%s for %s', (path, query, model, expected) => {
    expect(call(text, { path, query }, model).path).toBe(expected)
  })
})

describe('the body', () => {
  it('is the very same bytes where nothing changes', () => {
    const request = wireRequest(text)
    const { body, headers } = gemini.retarget(request, { model: 'other' }, [])
    expect(body).toBe(request.body.bytes)
    expect(headers).toEqual({ 'content-type': 'application/json' })
  })

  it('keeps everything but what is edited', () => {
    const edits: readonly Edit[] = [
      { type: 'set', key: 'labels', json: '{"a":"b"}' },
      { type: 'set', key: 'model', json: '"x"' },
    ]
    expect(call(text, {}, 'm', edits).body).toBe(`${text.slice(0, -1)},"labels":{"a":"b"}}`)
  })

  it('names the target where it names a model', () => {
    expect(call('{"model": "models/client", "contents":[{"parts":[{"text":"hi"}]}]}', {}, 'target').body).toBe(
      '{"model": "models/target", "contents":[{"parts":[{"text":"hi"}]}]}',
    )
  })

  it('names the target inside a request whose tokens are counted', () => {
    const asked: Asked = { path: '/v1beta/models/client:countTokens', task: 'count-tokens' }
    const wrapped = (model: string): string =>
      `{"generateContentRequest": {"model":"models/${model}", "contents":[{"parts":[{"text":"\\u00e9"}]}]}}`
    const { path, body } = call(wrapped('client'), asked, 'target')
    expect(path).toBe('/v1beta/models/target:countTokens')
    expect(body).toBe(wrapped('target'))
  })

  it('needs no edit for usage, which every answer has', () => {
    const request = wireRequest(bodyWith())
    const facts = gemini.facts(request)
    expect(facts.ok && gemini.usageEdits(request, facts.value)).toEqual([])
  })
})
