import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/ir/error.ts'
import { ledgerOf, pointerOf } from '../../src/ir/ledger.ts'

const body = {
  model: 'm',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  metadata: { 'a.b': 1, 'c/d': 2 },
}

describe('a pointer', () => {
  it.each([
    ['messages[0].content[0]', '/messages/0/content/0'],
    ['model', '/model'],
    ['', ''],
    ['metadata.a.b', '/metadata/a.b'],
    ['metadata.c/d', '/metadata/c~1d'],
    ['tools[3].function.parameters.properties.x', '/tools/3/function/parameters/properties/x'],
  ])('of %s is %s', (path, pointer) => {
    expect(pointerOf(body, path)).toBe(pointer)
  })
})

describe('the ledger of a translation', () => {
  it('has every leaf of the body in exactly one list', () => {
    const ledger = ledgerOf(body, [
      { path: 'metadata', action: 'dropped', reason: 'no such field' },
      { path: 'messages[0].role', action: 'approximated', reason: 'another word' },
    ])
    expect(ledger).toEqual({
      mapped: ['/model', '/messages/0/content/0/type', '/messages/0/content/0/text'],
      approximated: [{ pointer: '/messages/0/role', reason: 'another word' }],
      dropped: [{ pointer: '/metadata', reason: 'no such field' }],
      refused: [],
    })
  })

  it('maps nothing of a request that was refused', () => {
    const refusal = new GatewayError('unsupported_content', { param: 'messages[0].content[0]', message: 'no place' })
    expect(ledgerOf(body, [], refusal)).toEqual({
      mapped: [],
      approximated: [],
      dropped: [],
      refused: [{ pointer: '/messages/0/content/0', reason: 'no place' }],
    })
  })
})
