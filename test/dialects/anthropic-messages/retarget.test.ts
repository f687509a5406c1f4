// The byte path: what is not edited keeps its bytes.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import { wireRequest } from './support.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('a request for a provider of the same wire', () => {
  const body =
    '{ "model" : "route",\n "temperature":1.0,"seed":9007199254740993,"messages":[{"role":"user","content":"h\\u00e9"}] }'

  it('changes its model and nothing else', () => {
    const call = anthropicMessages.retarget(wireRequest(body), { model: 'claude "x"' }, [])
    expect(text(call.body)).toBe(body.replace('"route"', '"claude \\"x\\""'))
    expect(call.path).toBe('/v1/messages')
  })

  it('is the very same bytes where the model stays', () => {
    const request = wireRequest(body)
    expect(anthropicMessages.retarget(request, { model: 'route' }, []).body).toBe(request.body.bytes)
  })

  it('takes the edits it is given, but not a second one of the model', () => {
    const edits = [
      { type: 'set', key: 'service_tier', json: '"auto"' },
      { type: 'set', key: 'model', json: '"wrong"' },
      { type: 'remove', key: 'temperature' },
    ] as const
    const sent: unknown = JSON.parse(text(anthropicMessages.retarget(wireRequest(body), { model: 'm' }, edits).body))
    expect(sent).toMatchObject({ model: 'm', service_tier: 'auto' })
    expect(sent).not.toHaveProperty('temperature')
  })

  it('forwards version and betas word for word and no other header', () => {
    const headers = {
      'Anthropic-Version': '2026-10-21',
      'anthropic-beta': 'a-2026-01-01,b-2026-02-02',
      'x-api-key': 'secret',
      authorization: 'Bearer secret',
      cookie: 'a=b',
    }
    expect(anthropicMessages.retarget(wireRequest(body, headers), { model: 'm' }, []).headers).toEqual({
      'content-type': 'application/json',
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'a-2026-01-01,b-2026-02-02',
    })
  })

  it('names the stable version where the client named none', () => {
    expect(anthropicMessages.retarget(wireRequest(body), { model: 'm' }, []).headers).toEqual({
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
    })
  })

  it('needs no edit of the gateway to report usage', () => {
    const request = wireRequest(body)
    const facts = anthropicMessages.facts(request)
    expect(facts.ok && anthropicMessages.usageEdits(request, facts.value)).toEqual([])
  })
})
