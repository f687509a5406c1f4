import { expect, it } from 'vitest'
import type { ContentPart } from '../../../src/ir/content.ts'
import { placeReasoning } from '../../../src/engine/state/place.ts'
import type { Carried } from '../../../src/engine/state/sealed-state.ts'

function thought(text: string, calls: number, chars: number): Carried {
  return { type: 'reasoning', text, signature: `sig of ${text}`, position: { calls, chars } }
}

const call = (id: string): ContentPart => ({ type: 'tool-call', id, name: 'f', input: '{}' })
const text = (said: string): ContentPart => ({ type: 'text', text: said })

/** A turn in short: `#a` reasoning, `"x"` text, `!1` call. */
function shown(parts: readonly ContentPart[]): string {
  return parts
    .map((part) => {
      if (part.type === 'reasoning') return `#${part.text}${part.signature === undefined ? '' : '+'}`
      return part.type === 'text' ? JSON.stringify(part.text) : part.type === 'tool-call' ? `!${part.id}` : part.type
    })
    .join(' ')
}

it.each<[string, readonly ContentPart[], readonly Carried[], string]>([
  ['before everything', [text('hi'), call('1')], [thought('a', 0, 0)], '#a+ "hi" !1'],
  ['where there is nothing but calls', [call('1'), call('2')], [thought('a', 0, 0)], '#a+ !1 !2'],
  ['between two calls', [call('1'), call('2')], [thought('a', 0, 0), thought('b', 1, 0)], '#a+ !1 #b+ !2'],
  [
    'between two texts that the client joined',
    [text('onetwo'), call('1')],
    [thought('a', 0, 0), thought('b', 0, 3)],
    '#a+ "one" #b+ "two" !1',
  ],
  ['twice in one place', [text('onetwo')], [thought('a', 0, 3), thought('b', 0, 3)], '"one" #a+ #b+ "two"'],
  ['behind the text', [text('one'), call('1')], [thought('a', 0, 3)], '"one" #a+ !1'],
  ['before its call although the text has become shorter', [text('o'), call('1')], [thought('a', 0, 30)], '"o" #a+ !1'],
  ['at the end where there is nothing behind it', [call('1')], [thought('a', 1, 9)], '!1 #a+'],
  [
    'in the place of what the client made of it',
    [{ type: 'reasoning', text: 'a' }, text('x'), call('1')],
    [thought('a', 0, 0)],
    '#a+ "x" !1',
  ],
  [
    'not at all beside reasoning that came back signed',
    [{ type: 'reasoning', text: 'a', signature: 's' }, call('1')],
    [thought('a', 0, 0)],
    '#a+ !1',
  ],
  ['not at all where there is none', [{ type: 'reasoning', text: 'a' }, call('1')], [], '#a !1'],
])('carried reasoning goes %s', (_name, parts, carried, expected) => {
  expect(shown(placeReasoning(parts, carried))).toBe(expected)
})
