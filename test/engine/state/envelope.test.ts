import { describe, expect, it, test } from 'vitest'
import { foreignMark, holdsEnvelope, isEnvelope, openState, sealState } from '../../../src/engine/state/envelope.ts'
import { keyringProblem, readKeyring } from '../../../src/sealing/keyring.ts'
import type { SealedState } from '../../../src/engine/state/sealed-state.ts'
import { keyOf, ringOf } from './support.ts'

const state: SealedState = {
  realm: 'claude/claude-sonnet-4-5',
  token: { signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' },
  turn: [
    { type: 'reasoning', text: 'the user wants “Paris” 🗼', signature: 's1', position: { calls: 0, chars: 0 } },
    { type: 'reasoning', text: '', redacted: 'blob', position: { calls: 1, chars: 17 } },
    { type: 'tool-call', id: 'call_1', signature: 's2' },
  ],
}
const ring = ringOf()

describe('an envelope', () => {
  it('gives back what was sealed', async () => {
    expect(await openState(ring, await sealState(ring, state, 'here'), 'here')).toEqual(state)
  })

  it('gives back redacted data, an empty turn, and text of every length', async () => {
    for (let length = 0; length < 70; length++) {
      const one: SealedState = { realm: 'x', token: { redacted: 'é'.repeat(length) } }
      const envelope = await sealState(ring, one, 'c')
      expect(await openState(ring, envelope, 'c')).toEqual(one)
      expect(envelope).toMatch(/^[A-Za-z0-9+/]+$/)
      expect(envelope.length % 4).toBe(0)
    }
  })

  it('says nothing of its content', async () => {
    const envelope = await sealState(ring, state, 'here')
    const bytes = atob(envelope)
    for (const word of ['claude', 'EqQBCg', 'Paris', 'call_1']) expect(bytes).not.toContain(word)
  })

  it('opens in base64url, with padding or without, as SDKs that hold bytes write it', async () => {
    for (let length = 0; length < 12; length++) {
      const one: SealedState = { realm: 'r', token: { signature: 'ÿ?>'.repeat(40) + 'x'.repeat(length) } }
      const envelope = await sealState(ring, one, 'c')
      const url = envelope.replaceAll('+', '-').replaceAll('/', '_')
      for (const spelled of [url, `${envelope}=`.replace(/=$/, ''), btoa(atob(envelope))]) {
        expect(isEnvelope(spelled)).toBe(true)
        expect(await openState(ring, spelled, 'c')).toEqual(one)
      }
    }
  })

  it('of 200 KB of reasoning is whole', async () => {
    const text = 'thought '.repeat(25_000)
    const long: SealedState = {
      realm: 'r',
      turn: [{ type: 'reasoning', text, signature: 's', position: { calls: 0, chars: 0 } }],
    }
    expect(await openState(ring, await sealState(ring, long, 'c'), 'c')).toEqual(long)
  })

  it('is the same for the same state, and another for any other', async () => {
    const seal = (one: SealedState, context: string): Promise<string> => sealState(ring, one, context)
    const envelope = await seal(state, 'here')
    expect(await seal(state, 'here')).toBe(envelope)
    const nonce = (text: string): string => text.slice(16, 32)
    const others = [await seal(state, 'there'), await seal({ ...state, realm: 'y' }, 'here')]
    for (const other of others) expect(nonce(other)).not.toBe(nonce(envelope))
  })

  it('opens in its own context only', async () => {
    const envelope = await sealState(ring, state, 'part tenant acme')
    for (const context of ['part tenant other', 'part', '', 'record tenant acme'])
      expect(await openState(ring, envelope, context)).toBeUndefined()
  })
})

describe('a changed envelope', () => {
  it('does not open, whichever character was changed', async () => {
    const envelope = await sealState(ring, { realm: 'r', token: { signature: 'sig' } }, 'c')
    for (let at = 0; at < envelope.length; at++) {
      const letter = envelope[at] === 'A' ? 'B' : 'A'
      const changed = envelope.slice(0, at) + letter + envelope.slice(at + 1)
      expect(await openState(ring, changed, 'c'), `character ${at}`).toBeUndefined()
    }
  })

  it('does not open, wherever it was cut', async () => {
    const envelope = await sealState(ring, state, 'c')
    for (let length = 0; length < envelope.length; length += 3)
      expect(await openState(ring, envelope.slice(0, length), 'c'), `${length} characters`).toBeUndefined()
    expect(await openState(ring, `${envelope}AAAA`, 'c')).toBeUndefined()
    expect(await openState(ring, envelope + envelope, 'c')).toBeUndefined()
  })

  it.each([
    '',
    'SignalboxRS1',
    'SignalboxRS1!!!!',
    'SignalboxRS1 AAA',
    foreignMark,
    `SignalboxRS1${'A'.repeat(80)}`,
    'EqQB',
  ])('or none at all (%s) does not open and does not throw', async (text) => {
    expect(await openState(ring, text, 'c')).toBeUndefined()
  })
})

describe('finding envelopes in a body', () => {
  it.each<[string, unknown, boolean]>([
    ['a signature', { signature: 'SignalboxRS1AbCd' }, true],
    ['the mark', [{ thinking: 'x', signature: foreignMark }], true],
    ['redacted reasoning as Bedrock carries it', { redactedContent: btoa('SignalboxRS1AbCdEf') }, true],
    ['a real signature', { signature: 'EqQBCgIYAhIM1gbc' }, false],
    ['talk about envelopes', { text: 'they begin with SignalboxRS1' }, false],
    ['nothing', {}, false],
  ])('%s', (_name, body, found) => {
    expect(holdsEnvelope({ text: JSON.stringify(body) })).toBe(found)
  })
})

describe('a keyring', () => {
  it('seals with its first key and opens with every one', async () => {
    const old = ringOf(`2026a:${keyOf(1)}`)
    const both = ringOf(`2026b:${keyOf(2)}, 2026a:${keyOf(1)}`)
    const fresh = ringOf(`2026b:${keyOf(2)}`)
    const before = await sealState(old, state, 'c')
    const after = await sealState(both, state, 'c')
    expect(await openState(both, before, 'c')).toEqual(state)
    expect(await openState(fresh, after, 'c')).toEqual(state)
    expect(await openState(fresh, before, 'c')).toBeUndefined()
    expect(await openState(old, after, 'c')).toBeUndefined()
  })

  it('may be one bare key', async () => {
    const envelope = await sealState(ringOf(keyOf(1)), state, 'c')
    expect(await openState(ringOf(`named:${keyOf(1)}`), envelope, 'c')).toEqual(state)
  })

  const secret = keyOf(7)
  test.each<[string, string, string]>([
    ['a short key', `a:${btoa('short')}`, 'key 1 is not the base64 of 32 bytes'],
    ['no base64', 'a:%%%', 'key 1 is not the base64 of 32 bytes'],
    ['a second key that is short', `a:${secret},b:${secret.slice(8)}`, 'key 2 is not the base64 of 32 bytes'],
    ['an unusable name', `a b:${secret}`, 'the name of key 1 is not usable'],
    ['the same name twice', `a:${secret},a:${keyOf(8)}`, 'two keys have the name of key 2'],
    ['nothing behind a comma', `a:${secret},`, 'key 2 is not the base64 of 32 bytes'],
  ])('is refused for %s, without a letter of it', (_name, text, problem) => {
    expect(readKeyring(text)).toEqual({ ok: false, problem })
    const said = keyringProblem({ get: () => text }) ?? ''
    expect(said).toBe(`SIGNALBOX_KEK: ${problem}`)
    expect(said).not.toContain(secret.slice(0, 8))
  })

  it('that is not there is no problem', () => {
    for (const text of [undefined, '']) expect(keyringProblem({ get: () => text })).toBeUndefined()
  })
})
