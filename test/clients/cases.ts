// What every client has to get from every provider, one case per feature.
import { expect } from 'vitest'
import type { Scene } from './scene.ts'
import { instructions, thinkingBudget, toolSchema, type Abilities, type Heard, type SdkClient } from './sdk-client.ts'
import { counts, type ScriptedCall, type Seen, type Wire, type WireAbilities } from './wires/wire.ts'
import { wireBeside } from './wires/index.ts'
import { signatures } from './wires/signatures.ts'

export interface Case {
  /** Its column in the table. */
  readonly feature: string
  readonly title: string
  /** Absent: streamed and whole. */
  readonly only?: 'streamed' | 'whole'
  /** Absent: everywhere. */
  readonly applies?: (client: SdkClient, wire: Wire) => boolean
  run(scene: Scene): Promise<void>
}

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const schema = {
  type: 'object',
  properties: { n: { type: 'integer' } },
  required: ['n'],
  additionalProperties: false,
}
const thought = 'First, I wonder.'

/** Both sides hold conversations, and not just continue a text. */
function converse({ abilities: client }: SdkClient, { abilities: wire }: Wire): boolean {
  return (client as Abilities).converses && (wire as WireAbilities).converses
}

function callsOf({ abilities: { ids } }: Wire, cities: readonly string[]): ScriptedCall[] {
  return cities.map((city, index) => ({ id: ids[index] ?? '', name: 'get_weather', input: { city } }))
}

/** Calls arrive as they were made, under the provider's ids; where it has none, under ids that tell them apart. */
function expectCalls(heard: Heard, made: readonly ScriptedCall[], { client, wire }: Scene): void {
  expect(heard.finish).toBe('tool')
  expect(heard.calls.map(({ name, input }) => ({ name, input }))).toEqual(
    made.map(({ name, input }) => ({ name, input })),
  )
  const ids = heard.calls.map(({ id }) => id)
  if (wire.abilities.ids.length > 0) expect(ids).toEqual(made.map(({ id }) => id))
  // On Gemini's own wire calls without ids are nothing unusual.
  else if (client.dialect !== wire.dialect) {
    expect(ids).not.toContain('')
    expect(new Set(ids).size).toBe(ids.length)
  }
}

/** The calls come back with what their tools said, in order, each result under its call. */
function expectResults(
  seen: Seen,
  made: readonly ScriptedCall[],
  { results, wire }: { results: string[]; wire: Wire },
): void {
  expect(seen.calls.map(({ name, input }) => ({ name, input }))).toEqual(
    made.map(({ name, input }) => ({ name, input })),
  )
  expect(seen.results).toHaveLength(results.length)
  seen.results.forEach(({ text }, index) => expect(text).toContain(results[index]))
  expect(seen.resultTurns).toBe(1)
  if (wire.abilities.ids.length > 0) {
    expect(seen.calls.map(({ id }) => id)).toEqual(made.map(({ id }) => id))
    expect(seen.results.map(({ id }) => id)).toEqual(made.map(({ id }) => id))
  } else expect(seen.results.map(({ name }) => name)).toEqual(made.map(({ name }) => name))
}

async function rejection(asked: Promise<unknown>): Promise<unknown> {
  try {
    await asked
  } catch (cause) {
    return cause
  }
  throw new Error('it did not fail')
}

function errorCase(status: 400 | 429 | 500): Case {
  return {
    feature: String(status),
    title: `tells of a provider's ${status} as the SDK's own error`,
    async run({ client, wire, script, ask }) {
      script(() => ({ kind: 'error', status }))
      const cause = await rejection(ask())
      const failure = client.failureOf(cause)
      expect(failure, `not the SDK's error: ${String(cause)}`).toBeDefined()
      expect(failure?.status).toBe(status === 500 ? 502 : status)
      // Bedrock does not say when to come back, and Google's SDK shows no headers.
      if (status === 429 && wire.name !== 'converse' && client.name !== 'genai') expect(failure?.retryAfter).toBe('7')
    },
  }
}

function interruption(feature: string, title: string, kind: 'failing' | 'ending' | 'breaking'): Case {
  return {
    feature,
    title,
    only: 'streamed',
    async run({ client, script, ask }) {
      script(() => ({ kind, answer: { text: 'Half an answer' } }))
      let first = 0
      const cause = await rejection(ask({ onFirst: () => first++ }))
      expect(first).toBeGreaterThan(0)
      expect(client.isAbort(cause)).toBe(false)
      // The stream itself says so: a connection that just ends can be taken for the end of the answer.
      const stream = client.exchanges.at(-1)?.received().toString()
      expect(stream).toMatch(/"error"/)
      expect(stream).not.toMatch(/\[DONE\]|message_stop|response\.completed|"finishReason"/)
    },
  }
}

export const cases: readonly Case[] = [
  {
    feature: 'text',
    title: 'carries text, usage, the name of the model that answered, and the system prompt there',
    async run({ client, wire, script, ask, seen, calls }) {
      script(() => ({ kind: 'answer', answer: { text: 'Grüße, 世界 🙂' } }))
      const { turn: _turn, model, ...heard } = await ask()
      expect(heard).toEqual({
        text: 'Grüße, 世界 🙂',
        thinking: '',
        calls: [],
        finish: 'stop',
        usage: { input: counts.input, cached: counts.cached, output: counts.output },
      })
      if (client.abilities.tellsModel) expect(model).toBe(wire.answering)
      if (converse(client, wire)) expect(seen().system).toContain(instructions)
      else expect(JSON.stringify(calls().at(-1)?.body)).toContain(instructions)
    },
  },
  {
    feature: 'tools',
    title: 'carries a tool there, its call back, and its result there',
    applies: converse,
    async run(scene) {
      const { wire, script, ask, seen } = scene
      const made = callsOf(wire, ['Paris'])
      script(({ results }) => ({
        kind: 'answer',
        answer: results.length > 0 ? { text: 'It is sunny.' } : { text: 'Let me look.', calls: made },
      }))
      const heard = await ask({ tools: true })
      expect(heard.text).toBe('Let me look.')
      expectCalls(heard, made, scene)
      const { additionalProperties: _none, ...shape } = toolSchema
      expect(seen().tools).toMatchObject([{ name: 'get_weather', schema: shape }])
      const after = await ask({ tools: true, followUp: { heard, results: ['sunny'] } })
      expect(after).toMatchObject({ finish: 'stop', text: 'It is sunny.', calls: [] })
      expectResults(seen(), made, { results: ['sunny'], wire })
    },
  },
  {
    feature: 'parallel',
    title: 'carries parallel calls, and all their results in one turn',
    applies: converse,
    async run(scene) {
      const { wire, script, ask, seen } = scene
      const made = callsOf(wire, ['Paris', 'London'])
      script(({ results }) => ({
        kind: 'answer',
        answer: results.length > 0 ? { text: 'Both known.' } : { calls: made },
      }))
      const heard = await ask({ tools: true })
      expectCalls(heard, made, scene)
      expect((await ask({ tools: true, followUp: { heard, results: ['sunny', 'rainy'] } })).text).toBe('Both known.')
      expectResults(seen(), made, { results: ['sunny', 'rainy'], wire })
    },
  },
  {
    feature: 'schema',
    title: 'carries a schema for the answer there',
    applies: converse,
    async run({ script, ask, seen }) {
      script(() => ({ kind: 'answer', answer: { text: '{"n":4}' } }))
      expect(JSON.parse((await ask({ schema })).text)).toEqual({ n: 4 })
      const { additionalProperties: _none, ...shape } = schema
      expect(seen().schema).toMatchObject(shape)
    },
  },
  {
    feature: 'schema tool',
    title: 'carries a schema as a tool there that has to be called, and its call back as the answer',
    applies: (client, wire) => converse(client, wire) && client.abilities.schemaAsTool,
    async run({ wire, script, ask, seen }) {
      const id = wire.abilities.ids[0] ?? ''
      script(({ tools }) => ({
        kind: 'answer',
        answer: { calls: [{ id, name: tools[0]?.name ?? '', input: { n: 4 } }] },
      }))
      expect(JSON.parse((await ask({ schema, schemaAsTool: true })).text)).toEqual({ n: 4 })
      const { additionalProperties: _none, ...shape } = schema
      expect(seen().tools).toMatchObject([{ schema: shape }])
      expect(seen().forced).toBe(true)
    },
  },
  {
    feature: 'image',
    title: 'carries an image there',
    applies: converse,
    async run({ script, ask, seen }) {
      script(() => ({ kind: 'answer', answer: { text: 'A dot.' } }))
      expect((await ask({ image: png })).text).toBe('A dot.')
      expect(seen().images).toEqual([{ mediaType: 'image/png', data: png }])
    },
  },
  {
    feature: 'reasoning',
    title: 'carries the wish for reasoning there, and what was thought back',
    applies: converse,
    async run({ client, script, ask, seen }) {
      script(() => ({ kind: 'answer', answer: { thinking: thought, text: 'Done.' } }))
      const heard = await ask({ think: true })
      expect(heard).toMatchObject({
        text: 'Done.',
        finish: 'stop',
        thinking: client.abilities.showsThinking ? thought : '',
      })
      expect([thinkingBudget, 'low']).toContain(seen().reasoning)
    },
  },
  {
    feature: 'signature',
    title: "brings the provider's signature of its reasoning back to it unchanged",
    applies: (client, wire) => converse(client, wire) && wire.abilities.signs !== 'nothing',
    async run(scene) {
      const { wire, script, ask, seen } = scene
      const made = callsOf(wire, ['Paris'])
      script(({ results }) => ({
        kind: 'answer',
        answer:
          results.length > 0 ? { text: 'It is sunny.' } : { thinking: thought, text: 'Let me look.', calls: made },
      }))
      const heard = await ask({ tools: true, think: true })
      expectCalls(heard, made, scene)
      const after = await ask({ tools: true, think: true, followUp: { heard, results: ['sunny'] } })
      expect(after.text).toBe('It is sunny.')
      const { signs } = wire.abilities
      const signature = signatures[wire.name as keyof typeof signatures]
      const about = signs === 'reasoning' ? thought : 'get_weather'
      expect(seen().signatures).toEqual([{ on: signs, about, signature }])
      // A client may send a text back in the pieces that it came in.
      const order = seen().turn.filter((kind, index, kinds) => kind !== kinds[index - 1])
      if (signs === 'reasoning') expect(order).toEqual(['reasoning', 'text', 'tool-call'])
      // A provider that signs takes no signed reasoning where it is not to think.
      expect([thinkingBudget, 'low']).toContain(seen().reasoning)
    },
  },
  {
    feature: 'move',
    title: 'goes on with another provider, to which nothing comes of the signatures of the first',
    applies: converse,
    async run(scene) {
      const made = callsOf(scene.wire, ['Paris'])
      scene.script(() => ({ kind: 'answer', answer: { thinking: thought, calls: made } }))
      const heard = await scene.ask({ tools: true, think: true })
      const { wire, script, ask, seen, calls } = scene.moved(wireBeside(scene.wire))
      script(() => ({ kind: 'answer', answer: { text: 'It is sunny.' } }))
      const after = await ask({ tools: true, think: true, followUp: { heard, results: ['sunny'] } })
      expect(after.text).toBe('It is sunny.')
      expect(seen().calls).toMatchObject(made.map(({ name, input }) => ({ name, input })))
      expect(seen().results.map(({ text }) => text)).toEqual([expect.stringContaining('sunny')])
      const body = calls().at(-1)?.text
      for (const signature of Object.values(signatures)) expect(body).not.toContain(signature)
      // The gateway's own seal is nobody else's business.
      expect(body).not.toContain('SignalboxRS')
      // Claude does not think on behind a call without the thought that led to it.
      if (wire.abilities.signs === 'reasoning' && wire.dialect !== 'openai-responses')
        expect(seen().reasoning).toBeUndefined()
    },
  },
  {
    feature: 'count',
    title: 'counts tokens where both have a call for it',
    only: 'whole',
    applies: ({ countTokens }, { countPath }) => countTokens !== undefined && countPath !== undefined,
    async run({ script, count, wire, calls }) {
      script(() => ({ kind: 'count', tokens: 42 }))
      expect(await count()).toBe(42)
      expect(calls().map(({ path }) => path)).toEqual([`/${wire.name}${wire.basePath}${wire.countPath}`])
    },
  },
  errorCase(400),
  errorCase(429),
  errorCase(500),
  interruption('midway', 'fails where the provider fails in the middle of its answer', 'failing'),
  interruption('ended', 'fails where the answer ends without its end', 'ending'),
  interruption('broken', 'fails where the connection breaks', 'breaking'),
  {
    feature: 'abort',
    title: 'stops the provider when the SDK aborts',
    async run({ client, streamed, script, ask, calls }) {
      const leave = new AbortController()
      script(() => {
        if (streamed) return { kind: 'stalling', answer: { text: 'A long story' } }
        leave.abort()
        return { kind: 'silent' }
      })
      const cause = await rejection(ask({ signal: leave.signal, onFirst: () => leave.abort() }))
      expect(client.isAbort(cause), `not the SDK's abort: ${String(cause)}`).toBe(true)
      await calls()[0]?.aborted
    },
  },
]
