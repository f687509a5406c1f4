// What an answer brings, and what has to reach the provider for it.
import { expect } from 'vitest'
import { instructions, toolSchema } from '../sdk-client.ts'
import { counts } from '../wires/wire.ts'
import { callsOf, converse, expectCalls, expectResults, type Case } from './case.ts'

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const schema = {
  type: 'object',
  properties: { n: { type: 'integer' } },
  required: ['n'],
  additionalProperties: false,
}

export const answerCases: readonly Case[] = [
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
    feature: 'length',
    title: 'tells that an answer met its limit',
    async run({ script, ask }) {
      script(() => ({ kind: 'answer', answer: { text: 'It all began', isCut: true } }))
      expect(await ask()).toMatchObject({ text: 'It all began', finish: 'length' })
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
    title: 'carries parallel calls, one of them without arguments, and all their results in one turn',
    applies: converse,
    async run(scene) {
      const { wire, script, ask, seen } = scene
      const made = callsOf(wire, ['Paris', 'London', undefined])
      script(({ results }) => ({
        kind: 'answer',
        answer: results.length > 0 ? { text: 'All known.' } : { calls: made },
      }))
      const heard = await ask({ tools: true })
      expectCalls(heard, made, scene)
      expect((await ask({ tools: true, followUp: { heard, results: ['sunny', 'rainy', 'unknown'] } })).text).toBe(
        'All known.',
      )
      expectResults(seen(), made, { results: ['sunny', 'rainy', 'unknown'], wire })
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
]
