// What the gateway learns of a request without building anything, and the byte path of one.
import { describe, expect, it } from 'vitest'
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts'
import { bodyWith, claude, documentOf, errorOf, jsonOf, nova, valueOf, wireRequest, type Json } from './support.ts'

const facts = (body: unknown, path?: string) => bedrockConverse.facts(wireRequest(body, path))
const user = (...content: unknown[]): Json => ({ messages: [{ role: 'user', content }] })

describe('the facts of a request', () => {
  it('are in its path and its body', () => {
    expect(valueOf(facts(bodyWith({ inferenceConfig: { maxTokens: 9 } }), `/model/${claude}/converse-stream`))).toEqual(
      {
        dialect: 'bedrock-converse',
        task: 'generate',
        model: claude,
        stream: true,
        wantsUsage: true,
        needsTools: false,
        needsImages: false,
        needsAudio: false,
        needsFiles: false,
        needsSchema: false,
        needsReasoning: false,
        choices: 1,
        maxOutputTokens: 9,
        approxInputTokens: 11,
      },
    )
  })

  it.each([
    ['tools', bodyWith({ toolConfig: { tools: [{ toolSpec: { name: 'f' } }] } }), { needsTools: true }],
    [
      'calls',
      user({ toolResult: { toolUseId: 'a', content: [{ image: { format: 'png', source: {} } }] } }),
      { needsTools: true, needsImages: true },
    ],
    ['images', user({ image: {} }), { needsImages: true }],
    ['documents', user({ document: {} }), { needsFiles: true }],
    ['video', user({ video: {} }), { needsFiles: true }],
    ['audio', user({ audio: {} }), { needsAudio: true }],
    ['a schema', bodyWith({ outputConfig: { textFormat: {} } }), { needsSchema: true }],
    [
      'reasoning',
      bodyWith({ additionalModelRequestFields: { reasoning_config: { type: 'enabled' } } }),
      { needsReasoning: true },
    ],
  ] as [string, Json, Json][])('tell of %s', (_what, body, found) => {
    expect(valueOf(facts(body))).toMatchObject(found)
  })

  it('do not count bytes of media as text', () => {
    const small = valueOf(facts(user({ image: { format: 'png', source: { bytes: '' } } }))).approxInputTokens
    const large = valueOf(
      facts(user({ image: { format: 'png', source: { bytes: 'A'.repeat(40_000) } } })),
    ).approxInputTokens
    expect(large).toBe(small)
  })

  it('of counting are those of the request inside', () => {
    expect(valueOf(facts({ input: { converse: bodyWith() } }, '/model/m/count-tokens'))).toMatchObject({
      task: 'count-tokens',
      model: 'm',
      stream: false,
    })
  })

  it.each([
    ['no model', bodyWith(), '/model//converse', 'missing_required_parameter', 'model'],
    ['a model of blanks', bodyWith(), '/model/ /converse', 'invalid_model', 'model'],
    ['a model with a control character', bodyWith(), '/model/a\u0000b/converse', 'invalid_model', 'model'],
    ['no messages', {}, undefined, 'invalid_messages', 'messages'],
    ['messages that are none', { messages: 'a' }, undefined, 'invalid_messages', 'messages'],
    ['a message that is none', { messages: [{ role: 'user' }, 'a'] }, undefined, 'invalid_messages', 'messages[1]'],
    ['tools that are no list', bodyWith({ toolConfig: { tools: {} } }), undefined, 'invalid_value', 'toolConfig.tools'],
    [
      'a limit that is no count',
      bodyWith({ inferenceConfig: { maxTokens: 0 } }),
      undefined,
      'invalid_value',
      'inferenceConfig.maxTokens',
    ],
  ] as [string, Json, string | undefined, string, string][])('are refused for %s', (_what, body, path, code, param) => {
    expect(errorOf(facts(body, path))).toMatchObject({ code, param })
  })
})

describe('the byte path', () => {
  const text = '{"messages": [ ],  "x":9007199254740993}'

  it('changes the path and not a byte of the body', () => {
    const request = { ...wireRequest({}, `/model/${claude}/converse-stream`), body: documentOf(text) }
    const call = bedrockConverse.retarget(request, { model: nova }, [{ type: 'set', key: 'model', json: '"x"' }])
    expect(call.path).toBe('/model/amazon.nova-pro-v1%3A0/converse-stream')
    expect(call.headers).toEqual({ 'content-type': 'application/json' })
    expect(new TextDecoder().decode(call.body)).toBe(text)
  })

  it('takes other edits', () => {
    const request = { ...wireRequest({}), body: documentOf(text) }
    const call = bedrockConverse.retarget(request, { model: nova }, [{ type: 'set', key: 'x', json: '1' }])
    expect(new TextDecoder().decode(call.body)).toBe('{"messages": [ ],  "x":1}')
  })

  it('needs no edit for usage, and owns no path', () => {
    expect(bedrockConverse.usageEdits(wireRequest(bodyWith()), valueOf(facts(bodyWith())))).toEqual([])
    expect(bedrockConverse.endpoints).toEqual([])
  })

  it('goes by the task where the path says nothing', () => {
    const request = { ...wireRequest(bodyWith(), '/elsewhere'), task: 'count-tokens' as const }
    expect(bedrockConverse.retarget(request, { model: 'm' }, []).path).toBe('/model/m/count-tokens')
    expect(jsonOf(bedrockConverse.retarget(request, { model: 'm' }, []).body)).toEqual(bodyWith())
  })
})
