import { describe, expect, it } from 'vitest'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { DialectId } from '../../../src/ir/dialect-id.ts'
import { GatewayError } from '../../../src/ir/error.ts'
import type { IrRequest, Turn } from '../../../src/ir/request.ts'
import { foreignMark, isEnvelope } from '../../../src/engine/state/envelope.ts'
import type { StateKeeper } from '../../../src/engine/state/keeper.ts'
import { realmOf, type Origin } from '../../../src/engine/state/realm.ts'
import { refusesState } from '../../../src/engine/state/refusal.ts'
import { restoreState } from '../../../src/engine/state/restore.ts'
import { sealAnswer } from '../../../src/engine/state/seal-answer.ts'
import type { StateStore } from '../../../src/ports/index.ts'
import {
  answer,
  bedrock,
  claude,
  createHome,
  gemini,
  keyOf,
  openrouter,
  partsOf,
  question,
  request,
  responses,
  ringOf,
} from './support.ts'

const thought: ContentPart = { type: 'reasoning', text: 'hmm', signature: 'sig-1' }
const hidden: ContentPart = { type: 'reasoning', text: '', redacted: 'blob-1' }
const said: ContentPart = { type: 'text', text: 'let me look' }
const call: ContentPart = {
  type: 'tool-call',
  id: 'toolu_01A09q90qw90lq917835lq9',
  name: 'weather',
  input: '{"in": "Paris"}',
}
const result: Turn = {
  role: 'user',
  parts: [{ type: 'tool-result', callId: call.id, parts: [{ type: 'text', text: '21' }] }],
}

/** What a client of `ingress` holds after an answer of `origin`. */
async function held(
  parts: readonly ContentPart[],
  ingress: DialectId,
  origin: Origin,
  keeper: StateKeeper,
): Promise<readonly ContentPart[]> {
  const sealed = await sealAnswer(answer(origin.dialect, parts), {
    keeper,
    ingress,
    realm: realmOf(origin),
    before: question,
  })
  return partsOf(sealed.response).map((part, index) => ({ ...part, at: `messages[1].content[${index}]` }))
}

function session(source: DialectId, parts: readonly ContentPart[], more: Partial<IrRequest> = {}): IrRequest {
  return request(source, [question, { role: 'assistant', parts, at: 'messages[1]' }, result], more)
}

function historyOf(restored: IrRequest): readonly ContentPart[] {
  const found = restored.turns.find((turn) => turn.role === 'assistant')
  return (found?.parts ?? []).map((part) => {
    const { at: _at, ...rest } = part
    return rest as ContentPart
  })
}

const withThinking = { reasoning: { mode: 'enabled', budgetTokens: 4000 } } as const

const roundTrips: readonly [string, DialectId, Origin, readonly ContentPart[]][] = [
  ['thinking of Claude through a Responses client', 'openai-responses', claude, [thought, said, call]],
  ['thinking of Claude through a Gemini client', 'gemini', claude, [thought, call]],
  ['thinking of Claude through a Bedrock client', 'bedrock-converse', claude, [thought, call]],
  ['thinking of Claude through a Chat client', 'openai-chat', claude, [thought, said, call]],
  ['redacted thinking through a Responses client', 'openai-responses', claude, [hidden, call]],
  ['redacted thinking through a Gemini client', 'gemini', claude, [hidden, call]],
  ['redacted thinking through a Chat client', 'openai-chat', claude, [hidden, call]],
  ['thinking of Claude on Bedrock through an Anthropic client', 'anthropic-messages', bedrock, [thought, said, call]],
  [
    'the signature of a call of Gemini through an Anthropic client',
    'anthropic-messages',
    gemini,
    [said, { ...call, signature: 'sig-2' }],
  ],
  [
    'the signature of a call of Gemini through a Responses client',
    'openai-responses',
    gemini,
    [{ ...call, signature: 'sig-2' }],
  ],
  ['the signature of a call of Gemini through a Chat client', 'openai-chat', gemini, [{ ...call, signature: 'sig-2' }]],
  ['encrypted reasoning of Responses through an Anthropic client', 'anthropic-messages', responses, [thought, call]],
  ['encrypted reasoning of Responses through a Gemini client', 'gemini', responses, [thought, call]],
]

describe.each(roundTrips)('%s', (_name, ingress, origin, parts) => {
  it('comes back to who said it as it was', async () => {
    const keeper = createHome().keeper()
    const history = await held(parts, ingress, origin, keeper)
    const { request: restored, losses } = await restoreState(session(ingress, history, withThinking), {
      keeper,
      target: origin,
    })
    expect(historyOf(restored)).toEqual(parts)
    expect(losses).toEqual([])
  })

  it('does not go to anybody else, and that is a loss with its place', async () => {
    const keeper = createHome().keeper()
    const history = await held(parts, ingress, origin, keeper)
    const strangers = [claude, gemini, responses, openrouter].filter((target) => realmOf(target) !== realmOf(origin))
    for (const target of strangers) {
      const { request: restored, losses } = await restoreState(session(ingress, history), { keeper, target })
      const left = JSON.stringify(historyOf(restored))
      expect(left).not.toMatch(/SignalboxRS1|sig-\d|blob-\d/)
      expect(losses.length).toBeGreaterThan(0)
      for (const loss of losses)
        expect(loss).toMatchObject({ action: 'dropped', path: expect.stringMatching(/^messages\[1\]\.content\[\d\]$/) })
      expect(historyOf(restored).filter((part) => part.type === 'tool-call').length).toBe(1)
    }
  })
})

describe('what clients do to a history', () => {
  it('a Gemini client that takes thoughts out still brings them back on the call', async () => {
    const keeper = createHome().keeper()
    const history = (await held([thought, said, call], 'gemini', claude, keeper)).filter(
      (part) => part.type !== 'reasoning',
    )
    const { request: restored } = await restoreState(session('gemini', history), { keeper, target: claude })
    expect(historyOf(restored)).toEqual([thought, said, call])
  })

  it('a Gemini client that keeps every chunk as a part has text and signature of a thought as one again', async () => {
    const keeper = createHome().keeper()
    const [signed, ...rest] = await held([thought, said], 'gemini', claude, keeper)
    const chunks: ContentPart[] = [
      { type: 'reasoning', text: 'h' },
      { type: 'reasoning', text: 'mm' },
      { type: 'reasoning', text: '', signature: signed?.signature ?? '' },
    ]
    const { request: restored, losses } = await restoreState(session('gemini', [...chunks, ...rest]), {
      keeper,
      target: claude,
    })
    expect(historyOf(restored)).toEqual([thought, said])
    expect(losses).toEqual([])
  })

  it('a chat client that keeps nothing but text and call has its thinking back from the store', async () => {
    const keeper = createHome().keeper()
    const history = (await held([thought, said, call], 'openai-chat', claude, keeper)).flatMap((part) => {
      const { signature: _signature, ...bare } = part
      return part.type === 'reasoning' ? [] : [bare]
    })
    const { request: restored, losses } = await restoreState(session('openai-chat', history, withThinking), {
      keeper,
      target: claude,
    })
    expect(historyOf(restored)).toEqual([thought, said, call])
    expect(losses).toEqual([])
  })

  it('one that brings back the text of the thoughts alone has them whole and once', async () => {
    const keeper = createHome().keeper()
    const history = [{ type: 'reasoning', text: 'hmm' }, said, call] as const
    await held([thought, said, call], 'openai-chat', claude, keeper)
    const { request: restored } = await restoreState(session('openai-chat', history, withThinking), {
      keeper,
      target: claude,
    })
    expect(historyOf(restored)).toEqual([thought, said, call])
  })

  it('thoughts that come back in two places are there once', async () => {
    const keeper = createHome().keeper()
    const history = await held([thought, call], 'openai-chat', claude, keeper)
    expect(history.filter((part) => isEnvelope(part.signature ?? '')).length).toBe(2)
    const { request: restored } = await restoreState(session('openai-chat', history), { keeper, target: claude })
    expect(historyOf(restored)).toEqual([thought, call])
  })
})

/** The calls of a chat client's history, with nothing else of the answer. */
async function bareHistory(home: ReturnType<typeof createHome>, told: readonly ContentPart[]): Promise<void> {
  await held(told, 'openai-chat', claude, home.keeper())
}

async function recalled(
  home: ReturnType<typeof createHome>,
  turns: readonly Turn[],
  keeper = home.keeper(),
): Promise<boolean> {
  const { request: restored } = await restoreState(request('openai-chat', turns, withThinking), {
    keeper,
    target: claude,
  })
  return historyOf(restored).some((part) => part.signature === 'sig-1')
}

describe('a record', () => {
  const history: readonly Turn[] = [question, { role: 'assistant', parts: [call] }, result]

  it('is found by its call, however the arguments are spelled', async () => {
    const home = createHome()
    await bareHistory(home, [thought, call])
    expect(await recalled(home, history)).toBe(true)
    const respelled = { ...call, input: '{"in":"Paris"}' }
    expect(await recalled(home, [question, { role: 'assistant', parts: [respelled] }, result])).toBe(true)
  })

  it.each<[string, Partial<Extract<ContentPart, { type: 'tool-call' }>>]>([
    ['another id', { id: 'toolu_01A09q90qw90lq917835lq0' }],
    ['another name', { name: 'time' }],
    ['other arguments', { input: '{"in":"Rome"}' }],
  ])('is not for a call with %s', async (_name, change) => {
    const home = createHome()
    await bareHistory(home, [thought, call])
    expect(await recalled(home, [question, { role: 'assistant', parts: [{ ...call, ...change }] }, result])).toBe(false)
  })

  it('under an id that others may have too is for the same conversation only', async () => {
    const home = createHome()
    const counted = { ...call, id: 'functions.weather:0' }
    await bareHistory(home, [thought, counted])
    const elsewhere: Turn = { role: 'user', parts: [{ type: 'text', text: 'another session' }] }
    expect(await recalled(home, [question, { role: 'assistant', parts: [counted] }, result])).toBe(true)
    expect(await recalled(home, [elsewhere, { role: 'assistant', parts: [counted] }, result])).toBe(false)
    // A drawn id does not need that: clients rewrite what was said before.
    await bareHistory(home, [thought, call])
    expect(await recalled(home, [elsewhere, { role: 'assistant', parts: [call] }, result])).toBe(true)
  })

  it('is one tenant’s, whichever of its keys asks', async () => {
    const home = createHome()
    await bareHistory(home, [thought, call])
    expect(await recalled(home, history, home.keeper({ keyId: 'another' }))).toBe(true)
    for (const caller of [
      { tenant: 'other' },
      { tenant: null },
      { tenant: null, keyId: 'acme' },
      { tenant: null, keyId: null },
    ])
      expect(await recalled(home, history, home.keeper(caller))).toBe(false)
  })

  it('is gone after its time', async () => {
    const home = createHome()
    await bareHistory(home, [thought, call])
    await home.clock.advance(86_400_000)
    expect(await recalled(home, history)).toBe(false)
  })

  it('is not asked for where the target has no use for it, nor by a client that brings its state', async () => {
    const home = createHome()
    let asked = 0
    const store: StateStore = { ...home.store, get: (keys, now) => (asked++, home.store.get(keys, now)) }
    const keeper = home.keeper({}, { store })
    const asks = async (source: DialectId, target: Origin, more: Partial<IrRequest>): Promise<number> => {
      asked = 0
      await restoreState(request(source, history, more), { keeper, target })
      return asked
    }
    expect(await asks('openai-chat', claude, withThinking)).toBe(1)
    expect(await asks('openai-chat', claude, {})).toBe(0)
    expect(await asks('openai-chat', claude, { reasoning: { mode: 'disabled' } })).toBe(0)
    expect(await asks('openai-chat', gemini, {})).toBe(1)
    expect(await asks('openai-chat', responses, {})).toBe(1)
    expect(await asks('openai-chat', openrouter, withThinking)).toBe(0)
    expect(await asks('anthropic-messages', gemini, withThinking)).toBe(0)
  })

  it('of every turn is asked for in one call', async () => {
    const home = createHome()
    const calls: number[] = []
    const store: StateStore = {
      ...home.store,
      get: (keys, now) => (calls.push(keys.length), home.store.get(keys, now)),
    }
    const turns: Turn[] = [question]
    for (let index = 0; index < 5; index++) {
      const made = { ...call, id: `toolu_01A09q90qw90lq91783${index}` }
      await held([thought, made], 'openai-chat', claude, home.keeper())
      turns.push(
        { role: 'assistant', parts: [made] },
        { role: 'user', parts: [{ type: 'tool-result', callId: made.id, parts: [] }] },
      )
    }
    const { request: restored } = await restoreState(request('openai-chat', turns, withThinking), {
      keeper: home.keeper({}, { store }),
      target: claude,
    })
    expect(calls).toEqual([5])
    expect(restored.turns.filter((turn) => turn.parts.some((part) => part.signature === 'sig-1')).length).toBe(5)
  })
})

describe('an envelope', () => {
  it('of one tenant does not open for another', async () => {
    const home = createHome()
    const history = await held([thought, call], 'anthropic-messages', bedrock, home.keeper())
    for (const caller of [{ tenant: 'other' }, { tenant: null }, { tenant: null, keyId: 'acme' }]) {
      const { request: restored, losses } = await restoreState(session('anthropic-messages', history), {
        keeper: home.keeper(caller),
        target: bedrock,
      })
      expect(JSON.stringify(restored)).not.toContain('sig-1')
      expect(losses).toMatchObject([{ reason: 'reasoning state that cannot be opened' }])
    }
  })

  it('that was changed is as if it were not there', async () => {
    const keeper = createHome().keeper()
    const [part, ...rest] = await held([thought, call], 'anthropic-messages', bedrock, keeper)
    const envelope = part?.signature ?? ''
    for (let at = 12; at < envelope.length; at += 7) {
      const changed = envelope.slice(0, at) + (envelope[at] === 'A' ? 'B' : 'A') + envelope.slice(at + 1)
      const history = [{ ...part, signature: changed } as ContentPart, ...rest]
      const { request: restored, losses } = await restoreState(session('anthropic-messages', history), {
        keeper,
        target: bedrock,
      })
      expect(historyOf(restored)).toEqual([{ type: 'reasoning', text: 'hmm' }, call])
      expect(losses).toMatchObject([
        { path: 'messages[1].content[0]', reason: 'reasoning state that cannot be opened' },
      ])
    }
  })

  it('opens after its key was replaced as long as the old key is in the ring', async () => {
    const home = createHome()
    const old = home.keeper({}, { ring: ringOf(`a:${keyOf(1)}`) })
    const history = await held([thought, call], 'anthropic-messages', bedrock, old)
    const restored = async (ring: string) =>
      restoreState(session('anthropic-messages', history), {
        keeper: home.keeper({}, { ring: ringOf(ring) }),
        target: bedrock,
      })
    expect(historyOf((await restored(`b:${keyOf(2)},a:${keyOf(1)}`)).request)).toEqual([thought, call])
    expect((await restored(`b:${keyOf(2)}`)).losses.length).toBe(1)
  })

  it('means nothing without a key', async () => {
    const home = createHome()
    const history = await held([thought, call], 'anthropic-messages', bedrock, home.keeper())
    const keeper = home.keeper({}, { ring: undefined })
    const { losses } = await restoreState(session('anthropic-messages', history), { keeper, target: bedrock })
    expect(losses).toMatchObject([{ reason: 'reasoning state that cannot be opened' }])
  })
})

describe('the client’s own provider', () => {
  const own = (parts: readonly ContentPart[], more: Partial<IrRequest> = {}): IrRequest =>
    session('anthropic-messages', parts, more)

  it('has its own signatures back beside those of others', async () => {
    const keeper = createHome().keeper()
    const foreign = await held([{ ...call, signature: 'sig-2' }], 'anthropic-messages', gemini, keeper)
    const turns: Turn[] = [
      question,
      { role: 'assistant', parts: foreign },
      result,
      { role: 'assistant', parts: [thought, call] },
      result,
    ]
    const { request: restored } = await restoreState(request('anthropic-messages', turns, withThinking), {
      keeper,
      target: claude,
    })
    expect(restored.turns.map((turn) => turn.parts)).toEqual([
      question.parts,
      [{ ...call, at: 'messages[1].content[1]' }],
      result.parts,
      [thought, call],
      result.parts,
    ])
    expect(restored.reasoning).toEqual(withThinking.reasoning)
  })

  it('gets no reasoning that it has not signed, as it would refuse it', async () => {
    const keeper = createHome().keeper()
    const marked = await held([{ type: 'reasoning', text: 'hmm' }, said], 'anthropic-messages', openrouter, keeper)
    expect(marked[0]?.signature).toBe(foreignMark)
    const { request: restored, losses } = await restoreState(own(marked), { keeper, target: claude })
    expect(historyOf(restored)).toEqual([said])
    expect(losses).toMatchObject([
      { path: 'messages[1].content[0]', reason: 'reasoning that this provider has not signed' },
    ])
  })

  it.each<[string, Partial<IrRequest>, unknown, readonly string[]]>([
    ['thinking goes off behind calls whose thoughts are lost', withThinking, undefined, ['thinking']],
    [
      'an effort stays',
      { reasoning: { mode: 'enabled', budgetTokens: 2000, effort: 'low' } },
      { effort: 'low' },
      ['thinking'],
    ],
    ['adaptive thinking stays', { reasoning: { mode: 'adaptive' } }, { mode: 'adaptive' }, []],
    ['no thinking stays none', { reasoning: { mode: 'disabled' } }, { mode: 'disabled' }, []],
  ])('%s', async (_name, more, reasoning, paths) => {
    const keeper = createHome().keeper()
    const foreign = await held([{ ...call, signature: 'sig-2' }], 'anthropic-messages', gemini, keeper)
    const { request: restored, losses } = await restoreState(own(foreign, more), { keeper, target: claude })
    expect(restored.reasoning).toEqual(reasoning)
    expect(losses.slice(1).map((loss) => loss.path)).toEqual(paths)
  })

  it('and an edit of thinking goes with it', async () => {
    const keeper = createHome().keeper()
    const foreign = await held([{ ...call, signature: 'sig-2' }], 'anthropic-messages', gemini, keeper)
    const edits = [{ type: 'clear_thinking_20251015', keep: 'all' }, { type: 'clear_tool_uses_20250919' }]
    const extras = { context_management: { edits }, other: 1 }
    const { request: restored, losses } = await restoreState(own(foreign, { ...withThinking, extras }), {
      keeper,
      target: claude,
    })
    expect(restored.extras).toEqual({ context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] }, other: 1 })
    expect(losses.map((loss) => loss.path)).toContain('context_management')
  })

  // https://ai.google.dev/gemini-api/docs/thought-signatures
  it('is told which calls were not Gemini’s', async () => {
    const keeper = createHome().keeper()
    const first = await held([said, call, { ...call, id: 'second' }], 'gemini', claude, keeper)
    const { request: restored } = await restoreState(session('gemini', first), { keeper, target: gemini })
    expect(historyOf(restored).map((part) => part.signature)).toEqual([
      undefined,
      'skip_thought_signature_validator',
      undefined,
    ])
    const own = [
      { ...call, signature: 'sig-2' },
      { ...call, id: 'second' },
    ]
    expect(historyOf((await restoreState(session('gemini', own), { keeper, target: gemini })).request)).toEqual(own)
  })

  it('gets a history that holds nothing of ours as the same object', async () => {
    const keeper = createHome().keeper()
    const plain = own([said, call])
    expect((await restoreState(plain, { keeper, target: claude })).request).toBe(plain)
  })
})

describe('an unsealed signature', () => {
  it.each<[string, DialectId, Origin, boolean]>([
    ['of Anthropic to Anthropic', 'anthropic-messages', claude, true],
    ['of Anthropic to Claude on Bedrock', 'anthropic-messages', bedrock, true],
    ['of Anthropic to Gemini', 'anthropic-messages', gemini, false],
    ['of Chat to Anthropic', 'openai-chat', claude, false],
  ])('%s', async (_name, source, target, stays) => {
    const history = [{ ...thought, at: 'messages[1].content[0]' }, call]
    const { request: restored, losses } = await restoreState(session(source, history), {
      keeper: createHome().keeper(),
      target,
    })
    expect(historyOf(restored)[0]?.signature).toBe(stays ? 'sig-1' : undefined)
    expect(losses).toEqual(
      stays ? [] : [{ path: 'messages[1].content[0]', action: 'dropped', reason: 'a signature of another provider' }],
    )
  })
})

describe('after a refusal', () => {
  it('a history goes without any state', async () => {
    const keeper = createHome().keeper()
    const sealed = await held([thought, call], 'anthropic-messages', bedrock, keeper)
    const turns: Turn[] = [
      question,
      { role: 'assistant', parts: sealed },
      result,
      { role: 'assistant', parts: [{ ...thought, at: 'x' }, call] },
      result,
    ]
    const options = { keeper, target: claude, withoutState: true } as const
    const { request: restored, losses } = await restoreState(
      request('anthropic-messages', turns, withThinking),
      options,
    )
    expect(JSON.stringify(restored)).not.toMatch(/sig-1|SignalboxRS1/)
    expect(losses.map((loss) => loss.reason)).toEqual([
      'reasoning state that the provider refused',
      'reasoning state that the provider refused',
      'no thinking where the last tool calls came without signed thinking',
    ])
    expect(restored.reasoning).toBeUndefined()
  })

  it('Gemini is told of every call that it was not Gemini’s', async () => {
    const options = { keeper: createHome().keeper(), target: gemini, withoutState: true } as const
    const { request: restored } = await restoreState(session('gemini', [call]), options)
    expect(historyOf(restored)[0]?.signature).toBe('skip_thought_signature_validator')
  })

  // Texts of the providers, as their users quote them.
  it.each<[string, string, string | undefined, boolean]>([
    ['Anthropic, another model', 'messages.1.content.0: Invalid `signature` in `thinking` block', undefined, true],
    ['Anthropic, none', 'messages.647.content.0.thinking.signature: Field required', undefined, true],
    [
      'Anthropic, changed',
      "messages.1.content.19: 'thinking' blocks in the latest assistant message cannot be modified",
      undefined,
      true,
    ],
    ['Gemini', 'Corrupted thought signature.', undefined, true],
    ['Gemini, none', 'Function call is missing a thought_signature in functionCall parts.', undefined, true],
    ['Vertex', 'Unable to submit request because Thought signature is not valid..', undefined, true],
    ['OpenAI', 'The encrypted content gAAA...DQ== could not be verified.', 'invalid_encrypted_content', true],
    [
      'Azure',
      'The encrypted content for item rs_0 could not be verified. Reason: Encrypted content could not be decrypted or parsed.',
      undefined,
      true,
    ],
    ['something else', 'max_tokens: must be at least 1', undefined, false],
    [
      'a signature that is no token',
      'The request signature we calculated does not match the signature you provided.',
      'SignatureDoesNotMatch',
      false,
    ],
  ])('of %s', (_name, message, code, expected) => {
    const upstream = { status: 400, message, ...(code !== undefined && { code }) }
    expect(refusesState(new GatewayError('upstream_rejected', { upstream }))).toBe(expected)
    expect(refusesState(new GatewayError('invalid_request', { message }))).toBe(false)
  })
})
