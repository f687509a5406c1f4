import { describe, expect, it } from 'vitest'
import { apiFormats } from '../../src/catalog/presets.ts'
import { probeKeyId, probeLimits } from '../../src/http/upstream-probe.ts'
import { providerCertify } from '../../src/operations/provider-certify.ts'
import type { OperationContext, UpstreamProbe } from '../../src/operations/operation.ts'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { dataOf } from '../operations/context.ts'
import { createTestApp, jsonAnswer, streamAnswer, type TestApp } from '../support/app.ts'
import { chatAnswer } from '../support/upstream.ts'

const document = {
  credentials: { a: { type: 'api_key', env: 'KEY_A' }, b: { type: 'api_key', env: 'KEY_B' } },
  providers: {
    acme: {
      type: 'openai_compatible',
      base_url: 'https://acme.example/v1',
      accounts: [
        { id: 'a', credential: 'a' },
        { id: 'b', credential: 'b' },
      ],
    },
    other: { type: 'mock' },
  },
  // Everything leads elsewhere, by every way that there is.
  routes: {
    'acme/m': { targets: [{ provider: 'other', model: 'echo' }] },
    rest: { match: { model: '*' }, targets: [{ provider: 'other', model: '*' }] },
  },
  server: { default_provider: 'other' },
  storage: { kind: 'memory' },
}

const env = { KEY_A: 'key-of-account-a-123', KEY_B: 'key-of-account-b-123' }

function upstreamOf(context: OperationContext): UpstreamProbe {
  if (context.upstream === undefined) throw new Error('no way to the providers')
  return context.upstream
}

function scene(
  answer?: (request: FetchRequest) => FetchResponse,
  config: object = document,
): TestApp & { readonly probe: UpstreamProbe } {
  const made = createTestApp({ config, env, ...(answer !== undefined && { upstream: answer }) })
  return { ...made, probe: upstreamOf(made.app.operations()) }
}

const answered = chatAnswer('hi', 'm-1')

const asked = {
  dialect: 'openai-chat',
  provider: 'acme',
  account: null,
  model: 'm',
  body: { messages: [{ role: 'user', content: 'hi' }] },
} as const

describe('a made-up request', () => {
  it('goes to the provider that was named, whatever the routes say, with its key and its model', async () => {
    const { probe, sent } = scene(() => jsonAnswer(answered))
    const inferred = await probe.infer(asked)
    expect(inferred).toMatchObject({ status: 200, errorCode: null, account: 'a', providerStatus: 200 })
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({
      url: 'https://acme.example/v1/chat/completions',
      headers: { authorization: 'Bearer key-of-account-a-123' },
    })
    expect(JSON.parse(new TextDecoder().decode(sent[0]?.body))).toMatchObject({ model: 'm' })
  })

  it('that cannot be made is not counted in: nothing would ever count it out', async () => {
    const { probe, app } = scene(() => jsonAnswer(answered))
    const before = app.inFlight()
    await expect(probe.infer({ ...asked, dialect: 'gemini', model: 'm\uD800' })).rejects.toThrow()
    expect(app.inFlight()).toBe(before)
  })

  it('uses the account that was named and no other', async () => {
    const { probe, sent } = scene(() => jsonAnswer({ error: { message: 'no' } }, 401))
    const inferred = await probe.infer({ ...asked, account: 'b' })
    expect(inferred).toMatchObject({ errorCode: 'upstream_auth', account: 'b', providerStatus: 401 })
    expect(sent.map(({ headers }) => headers['authorization'])).toEqual(['Bearer key-of-account-b-123'])
    expect(inferred.text).not.toContain('key-of-account')
  })

  it('is traced under a key id that no key can have, once, and counted in and out', async () => {
    const { probe, traces, app } = scene(() => jsonAnswer(answered))
    const inferred = await probe.infer(asked)
    expect(traces).toHaveLength(1)
    expect(traces[0]).toMatchObject({
      keyId: probeKeyId,
      requestId: inferred.requestId,
      provider: 'acme',
      route: null,
      outcome: 'succeeded',
      inputTokens: 9,
    })
    expect(probeKeyId).not.toMatch(/^[A-Za-z0-9][\w.@+-]{0,127}$/)
    expect(app.inFlight()).toBe(0)
  })

  it('is read to its end where it is a stream', async () => {
    const chunk = (delta: object, finish: string | null) =>
      `data: ${JSON.stringify({ ...answered, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }], usage: undefined })}\n\n`
    const { probe } = scene(() =>
      streamAnswer([chunk({ role: 'assistant', content: 'hi' }, null), chunk({}, 'stop'), 'data: [DONE]\n\n']),
    )
    const inferred = await probe.infer({ ...asked, stream: true, body: { ...asked.body, stream: true } })
    expect(inferred.text).toContain('[DONE]')
  })

  it('is read no further than anybody would want to', async () => {
    const piece = `data: {"choices":[{"index":0,"delta":{"content":"${'x'.repeat(100_000)}"}}]}\n\n`
    const { probe, traces } = scene(() => streamAnswer(Array.from({ length: 100 }, () => piece)))
    const inferred = await probe.infer({ ...asked, stream: true, body: { ...asked.body, stream: true } })
    expect(inferred.text.length).toBeGreaterThan(probeLimits.answerBytes)
    expect(inferred.text.length).toBeLessThan(probeLimits.answerBytes + 1_000_000)
    expect(traces).toHaveLength(1)
  })

  it('waits no longer than a minute', async () => {
    const { probe, clock } = scene((request) => ({
      status: 200,
      headers: new Headers({ 'content-type': 'application/json' }),
      body: {
        read: () => new Promise((resolve) => request.cancellation.onCancel(() => resolve(undefined))),
        cancel: async () => {},
      },
    }))
    const waiting = probe.infer(asked)
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(60_001)
    expect((await waiting).errorCode).toBe('limit_exceeded')
  })

  it('is not begun once the gateway stops', async () => {
    const { probe, app, sent } = scene(() => jsonAnswer(answered))
    app.drain()
    await expect(probe.infer(asked)).rejects.toMatchObject({ code: 'shutting_down' })
    expect(sent).toEqual([])
  })

  it('for a provider or an account that is not there asks nobody', async () => {
    const { probe, sent } = scene(() => jsonAnswer(answered))
    await expect(probe.infer({ ...asked, provider: 'nobody' })).rejects.toMatchObject({ code: 'not_found' })
    await expect(probe.infer({ ...asked, account: 'nobody' })).rejects.toMatchObject({ code: 'not_found' })
    expect(sent).toEqual([])
  })

  it('cannot be asked for by a client, by any name', async () => {
    const { request, sent, traces } = scene(() => jsonAnswer(answered))
    for (const path of [
      '/v1/chat/completions',
      '/admin/v1/provider-test',
      '/admin/v1/provider-certify',
      '/admin/v1/provider-models',
    ])
      await request(path, {
        json: { id: 'acme', model: 'acme/m', messages: [{ role: 'user', content: 'hi' }] },
        headers: { 'x-signalbox-probe': '1' },
      })
    expect(sent).toEqual([])
    expect(traces.map(({ keyId }) => keyId)).toEqual([null])
  })
})

describe('certification', () => {
  it.each(apiFormats.filter((format) => format !== 'openai_embeddings'))('works on the wire %s', async (format) => {
    const made = createTestApp({
      config: { providers: { mock: { type: 'mock', api_formats: [format] } }, storage: { kind: 'memory' } },
    })
    const found = await dataOf(providerCertify, made.app.operations(), { id: 'mock' })
    expect(found).toMatchObject({
      status: 'ready',
      verified_capabilities: ['model_discovery', 'route_preview', 'chat_non_stream', 'chat_stream'],
    })
    const upstream = format === 'openai_completions' ? 'openai-completions' : format.replaceAll('_', '-')
    expect(made.traces.map(({ upstreamDialect }) => upstreamDialect)).toEqual([upstream, upstream])
  })

  it.each([
    'fault-truncated-1',
    'fault-error-in-stream-1',
    'fault-empty',
    'fault-html',
    'fault-500',
    'fault-reset-mid-stream-1',
  ])('finds the mock %s not ready', async (model) => {
    const made = createTestApp({ config: { providers: { mock: { type: 'mock' } }, storage: { kind: 'memory' } } })
    const found = (await dataOf(providerCertify, made.app.operations(), { id: 'mock', model })) as { ok: boolean }
    expect(found.ok).toBe(false)
  })
})
