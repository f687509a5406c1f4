import { describe, expect, it } from 'vitest'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { DialectId } from '../../../src/ir/dialect-id.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import { createFold } from '../../../src/ir/fold.ts'
import { unfold } from '../../../src/ir/unfold.ts'
import { foreignMark, isEnvelope } from '../../../src/engine/state/envelope.ts'
import type { StateKeeper } from '../../../src/engine/state/keeper.ts'
import { realmOf } from '../../../src/engine/state/realm.ts'
import { sealAnswer, type SealOptions } from '../../../src/engine/state/seal-answer.ts'
import { createStreamSealer } from '../../../src/engine/state/seal-stream.ts'
import type { StateStore } from '../../../src/ports/index.ts'
import { answer, batches, claude, createHome, gemini, partsOf, question } from './support.ts'

function optionsFor(ingress: DialectId, keeper: StateKeeper, realm = realmOf(claude)): SealOptions {
  return { keeper, ingress, realm, before: question }
}

async function sealed(parts: readonly ContentPart[], options: SealOptions) {
  const { response, losses } = await sealAnswer(answer('anthropic-messages', parts), options)
  return { parts: partsOf(response), losses }
}

/** What the events of a stream fold to behind the sealer, and the events themselves. */
async function streamed(events: readonly IrEvent[], size: number, options: SealOptions) {
  const sealer = createStreamSealer(options)
  const out: IrEvent[] = []
  for (const batch of batches(events, size)) out.push(...(await sealer.step(batch)))
  const fold = createFold('anthropic-messages')
  out.forEach(fold.step)
  return { events: out, parts: partsOf(fold.response()), losses: sealer.losses() }
}

const thought: ContentPart = { type: 'reasoning', text: 'hmm', signature: 'sig-1' }
const hidden: ContentPart = { type: 'reasoning', text: '', redacted: 'blob-1' }
const unsigned: ContentPart = { type: 'reasoning', text: 'hmm' }
const said: ContentPart = { type: 'text', text: 'let me look' }
const call: ContentPart = {
  type: 'tool-call',
  id: 'toolu_01A09q90qw90lq917835lq9',
  name: 'weather',
  input: '{"in":"Paris"}',
}
const signedCall: ContentPart = { ...call, signature: 'sig-2' }
const second: ContentPart = { type: 'tool-call', id: 'toolu_02', name: 'time', input: '' }

function shape(parts: readonly ContentPart[]): string[] {
  return parts.map((part) => {
    const token =
      part.type === 'reasoning' && part.redacted !== undefined
        ? `redacted ${kind(part.redacted)}`
        : kind(part.signature)
    return token === '' ? part.type : `${part.type} ${token}`
  })
}

function kind(token: string | undefined): string {
  if (token === undefined) return ''
  if (token === foreignMark) return 'mark'
  return isEnvelope(token) ? 'sealed' : `raw ${token}`
}

const cases: readonly [string, DialectId, readonly ContentPart[], readonly string[]][] = [
  ['Anthropic: thinking', 'anthropic-messages', [thought, said, call], ['reasoning sealed', 'text', 'tool-call']],
  ['Anthropic: redacted', 'anthropic-messages', [hidden, call], ['reasoning redacted sealed', 'tool-call']],
  ['Anthropic: unsigned reasoning is marked', 'anthropic-messages', [unsigned, said], ['reasoning mark', 'text']],
  [
    'Anthropic: a signed call gets a thinking block',
    'anthropic-messages',
    [said, signedCall, second],
    ['text', 'reasoning sealed', 'tool-call', 'tool-call'],
  ],
  ['Bedrock: thinking', 'bedrock-converse', [thought, hidden], ['reasoning sealed', 'reasoning redacted sealed']],
  [
    'Responses: redacted as a token without text',
    'openai-responses',
    [hidden, thought, call],
    ['reasoning sealed', 'reasoning sealed', 'tool-call'],
  ],
  [
    'Responses: a signed call gets a reasoning item',
    'openai-responses',
    [signedCall],
    ['reasoning sealed', 'tool-call'],
  ],
  [
    'Gemini: the first call repeats the thoughts',
    'gemini',
    [thought, call, second],
    ['reasoning sealed', 'tool-call sealed', 'tool-call'],
  ],
  [
    'Gemini: a call without thoughts is marked',
    'gemini',
    [said, call, second],
    ['text', 'tool-call mark', 'tool-call'],
  ],
  ['Gemini: unsigned thoughts stay as they are', 'gemini', [unsigned, said], ['reasoning', 'text']],
  [
    'Chat: the first call repeats the thoughts',
    'openai-chat',
    [thought, said, call, second],
    ['reasoning sealed', 'text', 'tool-call sealed', 'tool-call'],
  ],
  ['Chat: redacted', 'openai-chat', [hidden, call], ['reasoning redacted sealed', 'tool-call sealed']],
  [
    'Chat: signed calls',
    'openai-chat',
    [signedCall, { ...second, signature: 'sig-3' }],
    ['tool-call sealed', 'tool-call sealed'],
  ],
  ['Chat: nothing signed', 'openai-chat', [unsigned, said, call], ['reasoning', 'text', 'tool-call']],
  ['Completions have no later request', 'openai-completions', [thought, said], ['reasoning', 'text']],
]

describe.each(cases)('%s', (_name, ingress, parts, expected) => {
  it('in a whole answer', async () => {
    const { parts: got, losses } = await sealed(parts, optionsFor(ingress, createHome().keeper()))
    expect(shape(got)).toEqual(expected)
    expect(losses).toEqual([])
    expect(JSON.stringify(got)).not.toMatch(/sig-\d|blob-\d/)
  })

  it('in a stream whose frames hold whole parts, as in the whole answer', async () => {
    const whole = await sealed(parts, optionsFor(ingress, createHome().keeper()))
    const options = optionsFor(ingress, createHome().keeper())
    const result = await streamed(unfold(answer('anthropic-messages', parts)), 1000, options)
    expect(result.parts).toEqual(whole.parts)
    expect(result.losses).toEqual(whole.losses)
  })

  it('in a stream event by event, with everything else as it was and in its order', async () => {
    const options = optionsFor(ingress, createHome().keeper())
    const events = unfold(answer('anthropic-messages', parts))
    const result = await streamed(events, 1, options)
    expect(result.losses).toEqual([])
    expect(JSON.stringify(result.events)).not.toMatch(/sig-\d|blob-\d/)
    const others = (list: readonly IrEvent[]): string[] =>
      list
        .filter((event) => !('part' in event) || event.part < 1000)
        .flatMap((event) => {
          if (event.type === 'signature-delta') return []
          if (event.type !== 'part-start' || event.opening.type !== 'reasoning') return [JSON.stringify(event)]
          return [`reasoning ${event.part}`]
        })
    expect(others(result.events)).toEqual(others(events))
    const carrying = shape(result.parts)
      .filter((one) => one.includes('sealed') || one.includes('mark'))
      .sort()
    expect(carrying).toEqual(expected.filter((one) => one.includes('sealed') || one.includes('mark')).sort())
  })
})

describe('a stream', () => {
  it('stays synchronous until there is something to seal', async () => {
    const sealer = createStreamSealer(optionsFor('anthropic-messages', createHome().keeper()))
    const events = unfold(answer('openai-chat', [unsigned, said, call]))
    for (const event of events) expect(sealer.step([event])).toBeInstanceOf(Array)
    const signing = createStreamSealer(optionsFor('anthropic-messages', createHome().keeper()))
    const kinds = unfold(answer('gemini', [thought, said])).map((event) => signing.step([event]) instanceof Promise)
    expect(kinds.filter(Boolean).length).toBe(1)
  })

  it('joins the pieces of a signature and hands it over once, before the part ends', async () => {
    const events: IrEvent[] = [
      { type: 'part-start', part: 0, choice: 0, opening: { type: 'reasoning' } },
      { type: 'signature-delta', part: 0, signature: 'si' },
      { type: 'reasoning-delta', part: 0, text: 'hm' },
      { type: 'signature-delta', part: 0, signature: 'g-1' },
      { type: 'part-end', part: 0 },
      { type: 'response-end' },
    ]
    const keeper = createHome().keeper()
    const result = await streamed(events, 1, optionsFor('anthropic-messages', keeper))
    expect(result.events.map((event) => event.type)).toEqual([
      'part-start',
      'reasoning-delta',
      'signature-delta',
      'part-end',
      'response-end',
    ])
    expect(await keeper.open(result.parts[0]?.signature ?? '')).toMatchObject({ token: { signature: 'sig-1' } })
  })

  it('seals a part that its sender never closed before it says that it is over', async () => {
    const events: IrEvent[] = [
      { type: 'part-start', part: 0, choice: 0, opening: { type: 'reasoning' } },
      { type: 'signature-delta', part: 0, signature: 'sig-1' },
      { type: 'response-end' },
    ]
    const result = await streamed(events, 1, optionsFor('anthropic-messages', createHome().keeper()))
    expect(result.events.map((event) => event.type)).toEqual(['part-start', 'signature-delta', 'response-end'])
  })

  it('reports a signature that came when its call had left already', async () => {
    const events: IrEvent[] = [
      { type: 'part-start', part: 0, choice: 0, opening: { type: 'reasoning' } },
      { type: 'signature-delta', part: 0, signature: 'sig-1' },
      { type: 'part-end', part: 0 },
      { type: 'part-start', part: 1, choice: 0, opening: { type: 'tool-call', id: 'c', name: 'f' } },
      { type: 'tool-input-delta', part: 1, text: '{}' },
      { type: 'signature-delta', part: 1, signature: 'sig-2' },
      { type: 'part-end', part: 1 },
      { type: 'response-end' },
    ]
    const result = await streamed(events, 1, optionsFor('gemini', createHome().keeper()))
    expect(result.losses).toMatchObject([{ path: 'signature', action: 'dropped' }])
  })

  it('keeps the state of several choices apart', async () => {
    const home = createHome()
    const parts = (choice: number): IrEvent[] => [
      { type: 'part-start', part: choice * 2, choice, opening: { type: 'reasoning' } },
      { type: 'signature-delta', part: choice * 2, signature: `sig-${choice}` },
      { type: 'part-end', part: choice * 2 },
      {
        type: 'part-start',
        part: choice * 2 + 1,
        choice,
        opening: { type: 'tool-call', id: `toolu_01A09q90qw90lq91783${choice}`, name: 'f' },
      },
      { type: 'part-end', part: choice * 2 + 1 },
      { type: 'choice-finish', choice, finish: { class: 'tool' } },
    ]
    const events: IrEvent[] = [...parts(0), ...parts(1), { type: 'response-end' }]
    const keeper = home.keeper()
    await streamed(events, 2, optionsFor('openai-chat', keeper))
    const memories = [0, 1].map((choice) => ({
      calls: [{ id: `toolu_01A09q90qw90lq91783${choice}`, name: 'f', input: '{}' }],
      before: question,
    }))
    const states = await keeper.recall(memories)
    expect(states.map((state) => state?.turn?.[0])).toMatchObject([{ signature: 'sig-0' }, { signature: 'sig-1' }])
  })

  it('has stored what has to be stored before its finish goes out', async () => {
    const order: string[] = []
    const slow: StateStore = {
      put: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        order.push('stored')
      },
      get: () => Promise.resolve(new Map()),
      sweep: () => Promise.resolve(0),
    }
    const sealer = createStreamSealer(optionsFor('openai-chat', createHome(slow).keeper()))
    for (const event of unfold(answer('anthropic-messages', [thought, call])))
      for (const out of await sealer.step([event])) order.push(out.type)
    expect(order.slice(-3)).toEqual(['stored', 'choice-finish', 'response-end'])
  })
})

describe('records', () => {
  const memory = {
    calls: [{ id: 'toolu_01A09q90qw90lq917835lq9', name: 'weather', input: '{"in":"Paris"}' }],
    before: question,
  }

  it.each<[string, DialectId, readonly ContentPart[], boolean]>([
    ['for a chat client', 'openai-chat', [thought, said, call], true],
    ['for a signed call', 'openai-chat', [signedCall], true],
    ['not without a call', 'openai-chat', [thought, said], false],
    ['not without anything signed', 'openai-chat', [unsigned, call], false],
    ['not for a client that sends reasoning back', 'anthropic-messages', [thought, call], false],
  ])('are kept %s', async (_name, ingress, parts, kept) => {
    const keeper = createHome().keeper()
    await sealed(parts, optionsFor(ingress, keeper))
    expect((await keeper.recall([memory]))[0] !== undefined).toBe(kept)
  })

  it('hold the reasoning whole, with its place', async () => {
    const keeper = createHome().keeper()
    await sealed([thought, said, hidden, call], optionsFor('openai-chat', keeper))
    expect((await keeper.recall([memory]))[0]).toEqual({
      realm: 'claude/claude-sonnet-4-5',
      turn: [
        { type: 'reasoning', text: 'hmm', signature: 'sig-1', position: { calls: 0, chars: 0 } },
        { type: 'reasoning', text: '', redacted: 'blob-1', position: { calls: 0, chars: 11 } },
      ],
    })
  })

  it('are sealed: the store sees neither text nor id nor argument', async () => {
    const rows: string[] = []
    const spy: StateStore = {
      put: (records) => {
        rows.push(JSON.stringify(records))
        return Promise.resolve()
      },
      get: () => Promise.resolve(new Map()),
      sweep: () => Promise.resolve(0),
    }
    await sealed([thought, call], optionsFor('openai-chat', createHome(spy).keeper()))
    expect(rows.length).toBe(1)
    expect(rows[0]).not.toMatch(/hmm|sig-1|toolu|weather|Paris|acme/)
  })

  it('are not kept where they are switched off', async () => {
    const home = createHome()
    await sealed([thought, call], optionsFor('openai-chat', home.keeper({}, { store: undefined })))
    expect((await home.keeper().recall([memory]))[0]).toBeUndefined()
  })

  it('end after their time', async () => {
    const home = createHome()
    await sealed([thought, call], optionsFor('openai-chat', home.keeper()))
    await home.clock.advance(86_399_999)
    expect((await home.keeper().recall([memory]))[0]).toBeDefined()
    await home.clock.advance(1)
    expect((await home.keeper().recall([memory]))[0]).toBeUndefined()
  })

  it('that cannot be stored are a loss of the answer, and no fault', async () => {
    const broken: StateStore = {
      put: () => Promise.reject(new Error('disk full: hmm')),
      get: () => Promise.reject(new Error('gone')),
      sweep: () => Promise.resolve(0),
    }
    const home = createHome(broken)
    const { losses } = await sealed([thought, call], optionsFor('openai-chat', home.keeper()))
    expect(losses).toMatchObject([{ path: 'reasoning', action: 'dropped' }])
    expect(await home.keeper().recall([memory])).toEqual([undefined])
    expect(home.warnings).toEqual(['state_not_stored', 'state_not_read'])
  })

  it('of more than a row can hold are a loss too', async () => {
    const long: ContentPart = { type: 'reasoning', text: 'x'.repeat(900_000), signature: 's' }
    const { losses } = await sealed([long, call], optionsFor('openai-chat', createHome().keeper()))
    expect(losses).toMatchObject([{ path: 'reasoning', action: 'dropped' }])
  })
})

describe('without a key', () => {
  it.each<[DialectId, readonly ContentPart[], readonly string[]]>([
    ['anthropic-messages', [thought, hidden, said, call], ['reasoning mark', 'reasoning mark', 'text', 'tool-call']],
    ['anthropic-messages', [signedCall], ['tool-call']],
    ['gemini', [thought, signedCall], ['reasoning', 'tool-call mark']],
    ['openai-chat', [thought, signedCall], ['reasoning', 'tool-call']],
  ])('nothing signed reaches a client of %s, and the answer says so', async (ingress, parts, expected) => {
    const options = (): SealOptions =>
      optionsFor(ingress, createHome().keeper({}, { ring: undefined }), realmOf(gemini))
    const { parts: got, losses } = await sealed(parts, options())
    expect(shape(got)).toEqual(expected)
    expect(losses).toEqual([
      { path: 'reasoning', action: 'dropped', reason: 'no sealing key is configured, so signatures cannot travel' },
    ])
    const result = await streamed(unfold(answer('gemini', parts)), 1000, options())
    expect(shape(result.parts)).toEqual(expected)
    expect(result.losses).toEqual(losses)
  })
})
