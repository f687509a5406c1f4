// A past request decided again: the same while nothing changed, and what is another where something did.
import { describe, expect, it } from 'vitest'
import { traceReplay } from '../../src/operations/trace-replay.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { chatProvider, createTestApp, jsonAnswer } from '../support/app.ts'
import { chatAnswer } from '../support/upstream.ts'
import { contextOf, dataOf, errorOf, traceRow } from './context.ts'

const own = { auth_scheme: { kind: 'none' } }
const config = {
  providers: { a: chatProvider('a', own), b: chatProvider('b', own) },
  routes: {
    r: {
      strategy: 'weighted',
      targets: [
        { provider: 'a', model: 'm' },
        { provider: 'b', model: 'm' },
      ],
    },
  },
  storage: { kind: 'memory' },
}

interface Replay {
  readonly same: boolean
  readonly differs: readonly string[]
  readonly before: { readonly selected: unknown }
  readonly now: { readonly selected: { readonly name: string } | null; readonly rejected: readonly object[] } | null
}

/** Serves a request by one configuration, and decides it again by another. */
async function replayed(body: object, later: object = config, input: object = {}): Promise<Replay> {
  const app = createTestApp({ config, upstream: () => jsonAnswer(chatAnswer('hi')) })
  const json = { model: 'r', messages: [{ role: 'user', content: 'hi' }], ...body }
  await (await app.request('/v1/chat/completions', { json })).text()
  const stores = createMemoryStores()
  await stores.ledger.appendTraces(app.traces)
  const request_id = app.traces[0]?.requestId
  return (await dataOf(traceReplay, contextOf(later, { stores }), { request_id, ...input })) as Replay
}

const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }

describe('trace replay', () => {
  it.each([
    ['of nothing special', {}],
    ['with tools, structured output and a limit', { tools, response_format: { type: 'json_object' }, max_tokens: 50 }],
    ['with an image', { messages: [{ role: 'user', content: [image] }] }],
    ['for a stream', { stream: true }],
  ])('of a request %s comes to the same while nothing has changed', async (_name, body) => {
    expect(await replayed(body)).toMatchObject({ same: true, differs: [] })
  })

  it('says what another configuration makes of it, by what the request needed', async () => {
    const later = {
      ...config,
      providers: { ...config.providers, a: chatProvider('a', { ...own, capabilities: { tool_calling: false } }) },
    }
    expect(await replayed({}, later)).toMatchObject({ same: true })
    const { differs, before, now } = await replayed({ tools }, later)
    expect(differs).toEqual(expect.arrayContaining(['selected', 'fallbacks', 'rejected']))
    expect(differs).not.toContain('route')
    expect(before.selected).toMatchObject({ name: 'a/m' })
    expect(now?.selected).toMatchObject({ name: 'b/m' })
    expect(now?.rejected).toMatchObject([{ code: 'tools_unsupported' }])
  })

  it('shows both decisions in one order, to be laid side by side', async () => {
    const { before, now } = await replayed({})
    expect(Object.keys(before)).toEqual(Object.keys(now ?? {}))
  })

  it('says where nothing answers to its model any more', async () => {
    expect(await replayed({}, { ...config, routes: {} })).toMatchObject({ same: false, now: null })
  })

  it('needs the trace of a request that was decided', async () => {
    const stores = createMemoryStores()
    await stores.ledger.appendTraces([traceRow({ requestId: 'req_refused', detail: '{"decision":null}' })])
    const context = contextOf(config, { stores })
    const codeOf = async (request_id: string) => (await errorOf(traceReplay, context, { request_id })).code
    expect([await codeOf('req_nobody'), await codeOf('req_refused')]).toEqual(['not_found', 'invalid_value'])
  })
})
