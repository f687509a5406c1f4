import { describe, expect, it } from 'vitest'
import { decisionDetail } from '../../src/engine/observe.ts'
import { operationContext } from '../../src/http/operation-context.ts'
import { routePreview } from '../../src/operations/route-preview.ts'
import { planRoute } from '../../src/policy/plan.ts'
import { contextOf, dataOf, errorOf } from './context.ts'

const document = {
  providers: {
    main: { type: 'mock', capabilities: { vision_in: false } },
    spare: { type: 'mock', api_formats: ['anthropic_messages'] },
  },
  routes: {
    fast: {
      targets: [
        { provider: 'main', model: 'echo', priority: 1 },
        { provider: 'spare', model: 'echo', priority: 2 },
      ],
    },
  },
  storage: { kind: 'memory' },
}

function servingContext() {
  const context = contextOf(document)
  const ports = { clock: context.clock, stores: context.stores, secrets: { get: () => undefined } }
  return operationContext({ ports, status: undefined }, context.snapshot)
}

describe('route preview', () => {
  it('asks for the model of a wire that has it in the path', async () => {
    const body = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }
    const asked = { dialect: 'gemini', body }
    expect(await errorOf(routePreview, servingContext(), asked)).toMatchObject({
      code: 'missing_required_parameter',
      message: expect.stringContaining('whose path names it'),
    })
    expect(await dataOf(routePreview, servingContext(), { ...asked, model: 'fast' })).toMatchObject({ route: 'fast' })
  })

  it('selects and orders as the planner does', async () => {
    expect(await dataOf(routePreview, servingContext(), { model: 'fast' })).toMatchObject({
      requested: 'fast',
      route: 'fast',
      selected: { target: 'main/echo', dialect: 'openai-chat', passthrough: true },
      fallbacks: [{ target: 'spare/echo', dialect: 'anthropic-messages', passthrough: false }],
      rejected: [],
    })
  })

  it('says why a target cannot take the request', async () => {
    expect(await dataOf(routePreview, servingContext(), { model: 'fast', images: true })).toMatchObject({
      selected: { target: 'spare/echo' },
      fallbacks: [],
      rejected: [{ target: 'main/echo', code: 'images_unsupported' }],
      facts: { images: true, tools: false },
    })
  })

  it('reads a whole body as serving reads it', async () => {
    const context = servingContext()
    const body = {
      model: 'fast',
      stream: true,
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.example/a.png' } }] }],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    }
    const facts = context.factsOf('openai-chat', body)
    if (!facts.ok) throw facts.error
    const decision = planRoute(facts.value, context.snapshot)
    if (decision === undefined) throw new Error('no decision')
    const data = await dataOf(routePreview, context, { body })
    expect(data).toMatchObject(decisionDetail(decision))
    expect(data).toMatchObject({ facts: { stream: true, tools: true, images: true } })
  })

  it('puts another model into the body', async () => {
    const body = { model: 'unheard-of', messages: [{ role: 'user', content: 'hi' }] }
    expect(await errorOf(routePreview, servingContext(), { body })).toMatchObject({
      code: 'model_not_found',
      param: 'model',
    })
    expect(await dataOf(routePreview, servingContext(), { body, model: 'fast' })).toMatchObject({ route: 'fast' })
  })

  it('reads the body in the dialect that was named', async () => {
    const body = { model: 'fast', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }
    expect(await dataOf(routePreview, servingContext(), { dialect: 'anthropic-messages', body })).toMatchObject({
      selected: { target: 'main/echo', dialect: 'anthropic-messages', passthrough: true },
    })
  })

  it.each([
    ['neither a model nor a body', {}, 'missing_required_parameter', 'model'],
    ['a flag beside a body', { body: { model: 'fast', messages: [] }, stream: true }, 'invalid_value', 'stream'],
    ['a dialect that there is not', { model: 'fast', dialect: 'bedrock-converse' }, 'invalid_value', 'dialect'],
    ['a body that is no object', { body: [] }, 'invalid_value', 'body'],
  ])('refuses %s', async (_what, input, code, param) => {
    expect(await errorOf(routePreview, servingContext(), input)).toMatchObject({ code, param })
  })

  it('changes nothing: the same question has the same answer, and no store was touched', async () => {
    const context = contextOf(document)
    const untouched = new Proxy(context.stores, {
      get: () => {
        throw new Error('touched')
      },
    })
    const ports = { clock: context.clock, stores: context.stores, secrets: { get: () => undefined } }
    const watched = { ...operationContext({ ports, status: undefined }, context.snapshot), stores: untouched }
    const first = await dataOf(routePreview, watched, { model: 'fast' })
    for (let again = 0; again < 20; again++)
      expect(await dataOf(routePreview, watched, { model: 'fast' })).toEqual(first)
  })
})
