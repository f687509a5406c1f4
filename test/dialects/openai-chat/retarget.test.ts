// The byte path: what of a body may change, and that nothing else does.
import { describe, expect, it } from 'vitest'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import type { Edit } from '../../../src/wire/json-splice.ts'
import { factsOf, wireRequest } from './support.ts'

const text =
  '{ "seed":9007199254740993, "model" : "client/model","temperature":1.0,"messages":[{"role":"user","content":"\\u00e9 é"}] }'

function retarget(body: string, model: string, edits: readonly Edit[] = [], headers: Record<string, string> = {}) {
  const request = wireRequest(body, headers)
  const call = openaiChat.retarget(request, { model }, edits)
  return { ...call, request, text: new TextDecoder().decode(call.body) }
}

describe('retargeting a request', () => {
  it('keeps the very same bytes where the model is the same', () => {
    const { body, request } = retarget(text, 'client/model')
    expect(body).toBe(request.body.bytes)
  })

  it('changes the value of the model and nothing else', () => {
    expect(retarget(text, 'gpt-5').text).toBe(text.replace('"client/model"', '"gpt-5"'))
  })

  it('escapes what a model name may hold', () => {
    expect(JSON.parse(retarget(text, 'a"b\\c').text)).toMatchObject({ model: 'a"b\\c' })
  })

  it('applies the edits beside the model', () => {
    const edits: Edit[] = [{ type: 'set', key: 'temperature', json: '0' }]
    expect(retarget(text, 'gpt-5', edits).text).toBe(
      text.replace('"client/model"', '"gpt-5"').replace('"temperature":1.0', '"temperature":0'),
    )
  })

  it('lets the target decide about the model whatever the edits say', () => {
    const edits: Edit[] = [{ type: 'set', key: 'model', json: '"other"' }]
    expect(retarget(text, 'gpt-5', edits).text).toBe(text.replace('"client/model"', '"gpt-5"'))
  })

  it('goes to the provider path with only the headers that mean something there', () => {
    const headers = { 'openai-beta': 'x=1', authorization: 'Bearer secret', cookie: 'a=b', 'x-stainless-lang': 'js' }
    const call = retarget(text, 'gpt-5', [], headers)
    expect(call.path).toBe('/chat/completions')
    expect(call.headers).toEqual({ 'content-type': 'application/json', 'openai-beta': 'x=1' })
  })

  it('owns one path', () => {
    expect(openaiChat.endpoints).toEqual([{ path: '/v1/chat/completions', task: 'generate' }])
    expect(openaiChat.forwardHeaders).toEqual(['openai-beta'])
  })
})

describe('asking for usage', () => {
  const edited = (body: string) => {
    const request = wireRequest(body)
    const edits = openaiChat.usageEdits(request, factsOf({ stream: true }))
    return new TextDecoder().decode(openaiChat.retarget(request, { model: 'm' }, edits).body)
  }

  it.each<[string, string, string]>([
    [
      'adds the options where there are none',
      '{"model":"m","stream":true}',
      '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
    ],
    ['replaces null', '{"model":"m","stream_options":null}', '{"model":"m","stream_options":{"include_usage":true}}'],
    [
      'adds to empty options',
      '{"model":"m","stream_options":{}}',
      '{"model":"m","stream_options":{"include_usage":true}}',
    ],
    [
      'turns a refusal around',
      '{"model":"m","stream_options":{"include_usage":false}}',
      '{"model":"m","stream_options":{"include_usage":true}}',
    ],
    [
      'keeps the bytes of other options',
      '{"model":"m","stream_options":{ "include_obfuscation" : false, "x":1.0 },"n":1}',
      '{"model":"m","stream_options":{ "include_obfuscation" : false, "x":1.0,"include_usage":true },"n":1}',
    ],
    [
      'leaves options of another type to the provider',
      '{"model":"m","stream_options":"x"}',
      '{"model":"m","stream_options":"x"}',
    ],
  ])('%s', (_name, body, expected) => {
    expect(edited(body)).toBe(expected)
  })

  it('changes nothing where the client asked itself, or wants no stream', () => {
    const request = wireRequest('{"model":"m"}')
    expect(openaiChat.usageEdits(request, factsOf({ stream: true, wantsUsage: true }))).toEqual([])
    expect(openaiChat.usageEdits(request, factsOf({ stream: false }))).toEqual([])
  })
})
