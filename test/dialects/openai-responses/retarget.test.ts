// The byte path: nothing changes but the model, and only headers that mean something travel.
import { describe, expect, it } from 'vitest'
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts'
import { bodyWith, valueOf, wireRequest } from './support.ts'

const text = '{ "model":"m", "input":"hi","seed":9007199254740993, "temperature":1.0 }'
const decoder = new TextDecoder()

describe('a request on its own wire', () => {
  it('keeps every byte but those of the model', () => {
    const call = openaiResponses.retarget(wireRequest(text), { model: 'gpt-y' }, [])
    expect(call.path).toBe('/responses')
    expect(decoder.decode(call.body)).toBe(text.replace('"m"', '"gpt-y"'))
  })

  it('is the very same bytes where the model is the same', () => {
    const request = wireRequest(text)
    expect(openaiResponses.retarget(request, { model: 'm' }, []).body).toBe(request.body.bytes)
  })

  it('goes to the path of counting where it asks for a count', () => {
    const request = wireRequest(bodyWith(), {}, 'count-tokens')
    expect(openaiResponses.retarget(request, { model: 'm' }, []).path).toBe('/responses/input_tokens')
  })

  it('takes its betas and its session along, and no credential', () => {
    const headers = {
      'openai-beta': 'responses=v2',
      'session-id': 's',
      'thread-id': 't',
      originator: 'agent',
      authorization: 'Bearer key',
      cookie: 'a=b',
      'x-stainless-os': 'Linux',
    }
    expect(openaiResponses.retarget(wireRequest(text, headers), { model: 'm' }, []).headers).toEqual({
      'content-type': 'application/json',
      'openai-beta': 'responses=v2',
      'session-id': 's',
      'thread-id': 't',
      originator: 'agent',
    })
  })

  it('needs no edit for usage, which every stream has', () => {
    const request = wireRequest(bodyWith({ stream: true }))
    expect(openaiResponses.usageEdits(request, valueOf(openaiResponses.facts(request)))).toEqual([])
  })
})
