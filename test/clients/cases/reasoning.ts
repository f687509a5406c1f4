// Reasoning: asked for, shown, signed, and sent back.
import { expect } from 'vitest'
import { thinkingBudget } from '../sdk-client.ts'
import { wireBeside } from '../wires/index.ts'
import { signatures } from '../wires/signatures.ts'
import { callsOf, converse, expectCalls, type Case } from './case.ts'

const thought = 'First, I wonder.'

export const reasoningCases: readonly Case[] = [
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
]
