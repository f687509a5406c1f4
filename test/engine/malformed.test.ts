// An event whose JSON cannot be read: left out and counted, or the end of the stream; in no case does it reach the client.
import { describe, expect, it } from 'vitest'
import { encodeEventStream } from '../../src/wire/aws-event-stream.ts'
import type { FetchResponse } from '../../src/ports/index.ts'
import { pieces } from '../support/app.ts'
import {
  answerOf,
  clientWires,
  createRepairScene,
  hear,
  providerWires,
  streamOf,
  type ClientWire,
  type ProviderWire,
  type RepairScene,
  type Told,
} from './repair-scene.ts'

const encoder = new TextEncoder()
const bad = '{"type":"content_block_delta","delta":{"te'

/** The stream with an event in it that breaks off in the middle of its JSON. */
function damaged(wire: ProviderWire, at: number, text = bad): Told {
  const told = streamOf(wire, ['One', ' two', ' three'])
  const event =
    wire === 'bedrock-converse'
      ? encodeEventStream([{ event: 'contentBlockDelta', data: text }])
      : encoder.encode(`data: ${text}\n\n`)
  return [...told.slice(0, at), event, ...told.slice(at)]
}

function sceneOf(wire: ProviderWire, mode: 'skip' | 'fail', answer: () => FetchResponse): RepairScene {
  return createRepairScene({
    mode: 'error',
    route: { malformed_event: mode },
    targets: [{ name: 'only', wire }],
    answer: () => answer(),
  })
}

function lossesOf(scene: RepairScene): { readonly path: string; readonly reason: string }[] {
  return JSON.parse(scene.test.traces[0]?.detail ?? '{}').answer_losses
}

const ways = clientWires.flatMap((client) => providerWires.map((provider) => [client, provider] as const))

describe.each(ways)('a client of %s, a provider of %s', (client, provider) => {
  it('an event that cannot be read is left out and counted', async () => {
    const events = streamOf(provider, ['One', ' two', ' three']).length
    for (let at = 0; at < events; at++) {
      const scene = sceneOf(provider, 'skip', () => answerOf(provider, damaged(provider, at)))
      const heard = await hear(client, await scene.ask(client))
      const where = `before event ${at}: ${heard.raw}`
      expect(heard, where).toMatchObject({ text: 'One two three', end: 'success', faults: [] })
      expect(heard.raw, where).not.toContain(bad)
      expect(lossesOf(scene), where).toContainEqual(
        expect.objectContaining({ path: 'events', reason: 'one event could not be read' }),
      )
    }
  })

  it('an event that cannot be read is the end where the route says so', async () => {
    const at = streamOf(provider, ['One']).findIndex((bytes) => new TextDecoder().decode(bytes).includes('One')) + 1
    const scene = sceneOf(provider, 'fail', () => answerOf(provider, damaged(provider, at)))
    const heard = await hear(client, await scene.ask(client))
    expect(heard).toMatchObject({ text: 'One', end: 'error', faults: [] })
    expect(heard.raw).not.toContain(bad)
    expect(scene.test.traces).toMatchObject([{ outcome: 'failed', errorCode: 'upstream_bad_content' }])
  })
})

describe('an event that cannot be read', () => {
  it('falls to the next target where it comes before the first content and the route wants it to fail', async () => {
    const scene = createRepairScene({
      mode: 'error',
      route: { malformed_event: 'fail' },
      targets: [
        { name: 'first', wire: 'openai-chat' },
        { name: 'second', wire: 'openai-chat' },
      ],
      answer: ({ name, wire }) => answerOf(wire, name === 'first' ? damaged(wire, 1) : streamOf(wire, ['fine'])),
    })
    expect((await hear('openai-chat', await scene.ask('openai-chat'))).text).toBe('fine')
  })

  it.each(['skip', 'fail'] as const)('is found in a chunk of many in full flow: %s', async (mode) => {
    const wire = 'openai-chat'
    const told = damaged(wire, 3)
    const [first, second, ...rest] = told.map((bytes) => new TextDecoder().decode(bytes))
    const scene = sceneOf(wire, mode, () => {
      const source = pieces([`${first}${second}`, rest.join('')])
      return { status: 200, headers: new Headers({ 'content-type': 'text/event-stream' }), body: source }
    })
    const heard = await hear(wire, await scene.ask(wire))
    expect(heard.raw).not.toContain(bad)
    expect(heard).toMatchObject(
      mode === 'skip' ? { text: 'One two three', end: 'success' } : { text: 'One two', end: 'error' },
    )
  })

  it('is left out of an array, whichever element it is', async () => {
    const elements = ['One', ' two', ' three'].map((text, at) => ({
      candidates: [{ content: { role: 'model', parts: [{ text }] }, ...(at === 2 && { finishReason: 'STOP' }) }],
    }))
    for (let at = 0; at <= elements.length; at++) {
      const list = elements.map((element) => JSON.stringify(element))
      list.splice(at, 0, '{"candidates":[{"content":oops}]}')
      const scene = sceneOf('gemini', 'skip', () => ({
        status: 200,
        headers: new Headers({ 'content-type': 'application/json' }),
        body: pieces([`[${list[0]}`, ...list.slice(1).map((element) => `,\r\n${element}`), '\n]']),
      }))
      const contents = [{ role: 'user', parts: [{ text: 'hi' }] }]
      const response = await scene.test.request('/v1beta/models/r:streamGenerateContent', { json: { contents } })
      const text = await response.text()
      expect(JSON.parse(text), text).toEqual(elements)
      expect(lossesOf(scene)).toHaveLength(1)
    }
  })

  it('of an answer that is collected for JSON is left out as well, and fails where it is to', async () => {
    const told = damaged('openai-chat', 2)
    const json = { model: 'r', messages: [{ role: 'user', content: 'hi' }] }
    const kept = sceneOf('openai-chat', 'skip', () => answerOf('openai-chat', told))
    const answer = await (await kept.test.request('/v1/chat/completions', { json })).json()
    expect(answer.choices[0].message.content).toBe('One two three')
    expect(lossesOf(kept)).toHaveLength(1)
    const failing = sceneOf('openai-chat', 'fail', () => answerOf('openai-chat', told))
    expect((await failing.test.request('/v1/chat/completions', { json })).status).toBe(502)
  })

  it('with a wrong checksum is the end of an event stream, whatever the route says', async () => {
    const told = streamOf('bedrock-converse', ['One', ' two', ' three'])
    const at = 3
    const broken = Uint8Array.from(told[at]!)
    broken[broken.length - 6]! ^= 1
    const scene = sceneOf('bedrock-converse', 'skip', () => answerOf('bedrock-converse', told.toSpliced(at, 1, broken)))
    const heard = await hear('openai-chat', await scene.ask('openai-chat'))
    expect(heard.end).toBe('error')
    expect('One two three'.startsWith(heard.text)).toBe(true)
  })

  it.each<readonly [ClientWire, string]>(
    clientWires.map((wire) => [wire, 'event: error\ndata: upstream went away\n\n']),
  )('but is an error in plain words is an error: %s', async (wire, error) => {
    const told = streamOf(wire, ['One', ' two'])
    const at = told.findIndex((bytes) => new TextDecoder().decode(bytes).includes('One')) + 1
    const scene = sceneOf(wire, 'skip', () => answerOf(wire, [...told.slice(0, at), encoder.encode(error)]))
    const heard = await hear(wire, await scene.ask(wire))
    expect(heard).toMatchObject({ text: 'One', end: 'error' })
    expect(heard.raw).not.toContain('went away')
    expect(scene.test.traces).toMatchObject([{ errorCode: 'upstream_error' }])
  })

  it('that only says nothing is no such event', async () => {
    const scene = sceneOf('openai-chat', 'fail', () => {
      const told = streamOf('openai-chat', ['One'])
      return answerOf('openai-chat', [
        encoder.encode('data:\n\n: comment\n\n'),
        ...told,
        encoder.encode('data: [DONE]\n\n'),
      ])
    })
    expect(await hear('openai-chat', await scene.ask('openai-chat'))).toMatchObject({ text: 'One', end: 'success' })
  })
})
