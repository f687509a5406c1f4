// Requests of this wire: what they mean, what every other wire has to refuse or lose, and that they come back as they were.
import { describe, expect, it } from 'vitest'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import { openaiCompletions } from '../../../src/dialects/openai-completions/index.ts'
import { bodyWith, decode, encode, errorOf, jsonOf, lossLines, valueOf, wireRequest, type Json } from './support.ts'

describe('a prompt', () => {
  it.each<[string, unknown, string]>([
    ['as text', 'once', 'prompt'],
    ['in a list of one', ['once'], 'prompt[0]'],
  ])('%s is what a user says', (_name, prompt, at) => {
    expect(decode(bodyWith({ prompt })).turns).toEqual([
      { role: 'user', parts: [{ type: 'text', text: 'once', at }], at: 'prompt' },
    ])
  })

  it.each<[string, unknown, string]>([
    ['several texts', ['a', 'b'], 'prompts'],
    ['tokens', [1, 2], 'prompt-tokens'],
    ['tokens in a list of one', [[1, 2]], 'prompt-tokens'],
    ['several token lists', [[1], [2]], 'prompts'],
  ])('of %s is carried whole, and refused by another wire', (_name, prompt, kind) => {
    const request = decode(bodyWith({ prompt }))
    expect(request.turns[0]?.parts).toEqual([{ type: 'opaque', kind, value: prompt, at: 'prompt' }])
    expect(errorOf(openaiChat.encodeRequest(request, { model: 'm' }))).toMatchObject({
      code: 'unsupported_content',
      param: 'prompt',
    })
  })

  it.each([[['a', 1]], [[['a']]], [[[1], 'a']], [[1.5]], [[-1]], [[null]]])(
    'of another shape is refused: %j',
    (prompt) => {
      expect(errorOf(openaiCompletions.decodeRequest(wireRequest(bodyWith({ prompt }))))).toMatchObject({
        code: 'invalid_value',
        param: expect.stringMatching(/^prompt\[[01]\]/),
      })
    },
  )
})

describe('the members of a request', () => {
  it.each<[string, Json, Json]>([
    ['max_tokens', { max_tokens: 5 }, { sampling: { maxOutputTokens: 5 } }],
    ['one stop sequence', { stop: 'x' }, { sampling: { stop: ['x'] } }],
    ['several stop sequences', { stop: ['x', 'y'] }, { sampling: { stop: ['x', 'y'] } }],
    [
      'sampling',
      { temperature: 1, top_p: 0.5, seed: 3, frequency_penalty: 1, presence_penalty: 2, top_k: 4 },
      { sampling: { temperature: 1, topP: 0.5, seed: 3, frequencyPenalty: 1, presencePenalty: 2, topK: 4 } },
    ],
    ['n', { n: 2 }, { choices: 2 }],
    ['user', { user: 'u' }, { user: 'u' }],
    ['a stream without usage', { stream: true }, { stream: true, streamUsage: false }],
    ['a stream with usage', { stream: true, stream_options: { include_usage: true } }, { streamUsage: true }],
  ])('have a canonical name: %s', (_name, members, expected) => {
    expect(decode(bodyWith(members))).toMatchObject(expected)
  })

  it.each<[string, Json, string]>([
    ['suffix', { suffix: 'end' }, 'suffix'],
    ['echo', { echo: true }, 'echo'],
    ['no prompt', { prompt: undefined }, 'prompt'],
  ])('bind the request to this wire: %s', (_name, members, param) => {
    expect(decode(bodyWith(members)).bound).toMatchObject({ param })
  })

  it.each<[string, Json, string[]]>([
    ['best_of', { best_of: 3 }, ['best_of dropped']],
    ['logprobs', { logprobs: 5 }, ['logprobs dropped']],
    ['logit_bias', { logit_bias: { '50256': -100 } }, ['logit_bias dropped']],
    ['a parameter of vLLM', { guided_regex: 'a+' }, ['guided_regex dropped']],
    ['stream options', { stream_options: { include_obfuscation: true } }, ['stream_options dropped']],
    ['none for what is so anyway', { best_of: 1, echo: false, stream: false, logprobs: null, suffix: '' }, []],
    ['none for best_of as large as n', { best_of: 2, n: 2 }, []],
  ])('cost another wire one loss each: %s', (_name, members, expected) => {
    const request = decode(bodyWith(members))
    expect(request.bound).toBeUndefined()
    expect(lossLines(valueOf(openaiChat.encodeRequest(request, { model: 'm' })).losses)).toEqual(expected)
  })

  it('are refused in another shape', () => {
    const outcome = openaiCompletions.decodeRequest(wireRequest(bodyWith({ stop: [1] })))
    expect(errorOf(outcome)).toMatchObject({ code: 'invalid_value', param: 'stop[0]' })
  })
})

describe('a request that comes back to this wire', () => {
  it.each<[string, Json]>([
    ['alone', {}],
    ['with a prompt in a list', { prompt: ['once'] }],
    ['with several prompts', { prompt: ['a', 'b'], n: 2 }],
    ['in tokens', { prompt: [1, 2] }],
    ['in token lists', { prompt: [[1, 2]] }],
    ['without a prompt', { prompt: undefined }],
    ['with all that this wire can do', { suffix: 'x', echo: true, best_of: 3, logprobs: 2, logit_bias: { '1': 2 } }],
    ['with what is so anyway', { best_of: 1, echo: false, stream: false, suffix: '' }],
    ['with a stop sequence as text', { stop: 'x' }],
    ['with sampling', { max_tokens: 5, temperature: 0, top_p: 1, seed: 1, top_k: 3, stop: ['a'], user: 'u' }],
    ['as a stream', { stream: true }],
    ['as a stream with usage', { stream: true, stream_options: { include_usage: true } }],
    ['as a stream that declines usage', { stream: true, stream_options: { include_usage: false } }],
    [
      'as a stream with other options beside',
      { stream: true, stream_options: { include_usage: false, include_obfuscation: true } },
    ],
    ['with unknown members', { guided_regex: 'a+', ignore_eos: false }],
  ])('is as it was: %s', (_name, members) => {
    const body = JSON.parse(JSON.stringify(bodyWith(members))) as Json
    const encoded = encode(decode(body))
    expect(jsonOf(encoded.call.body)).toEqual(body)
    expect(encoded.losses).toEqual([])
    expect(encoded.call.path).toBe('/completions')
  })
})

describe('the byte path', () => {
  it('changes the model and nothing else, and goes to its own path', () => {
    const text = '{ "seed":9007199254740993, "model":"client/m","prompt":"\\u00e9" }'
    const call = openaiCompletions.retarget(wireRequest(text), { model: 'x' }, [])
    expect(new TextDecoder().decode(call.body)).toBe(text.replace('"client/m"', '"x"'))
    expect(call.path).toBe('/completions')
  })

  it('asks for usage in a stream that did not', () => {
    const request = wireRequest('{"model":"m","prompt":"x","stream":true}')
    const facts = valueOf(openaiCompletions.facts(request))
    const call = openaiCompletions.retarget(request, { model: 'm' }, openaiCompletions.usageEdits(request, facts))
    expect(jsonOf(call.body)['stream_options']).toEqual({ include_usage: true })
  })

  it('owns one path', () => {
    expect(openaiCompletions.endpoints).toEqual([{ path: '/v1/completions', task: 'generate' }])
  })
})
