// Requests that were recorded on other wires, on their way to this one: whatever comes out holds only members that the
// published description knows, takes turns, and answers every call.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import type { Dialect } from '../../../src/dialects/dialect.ts'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import { jsonOf as bodyOf, recordings } from '../../support/corpus.ts'
import { requireShared } from '../../support/shared.ts'
import { documentOf, jsonOf, unknownKeys, type Json } from './support.ts'

const sources: readonly Dialect[] = [openaiChat, anthropicMessages]
const models = ['gemini-2.5-flash', 'gemini-3-pro-preview']

interface Case {
  readonly file: string
  readonly dialect: Dialect
  readonly body: Json
}

const cases: Case[] = sources.flatMap((dialect) =>
  recordings()
    .filter((entry) => entry.role === 'request' && entry.dialect === dialect.id && entry.format === 'json')
    .map((entry) => ({ file: entry.file, dialect, body: { model: 'm', ...bodyOf(entry) } })),
)

describe.runIf(requireShared('recorded requests for Gemini'))('a recorded request', () => {
  it('is there', () => {
    expect(cases.length).toBeGreaterThan(50)
  })

  it.each(cases)('$file', ({ dialect, body }) => {
    const decoded = dialect.decodeRequest({
      task: 'generate',
      path: dialect.endpoints[0]?.path ?? '',
      query: new URLSearchParams(),
      headers: new Headers(),
      body: documentOf(body),
    })
    if (!decoded.ok) throw decoded.error
    for (const model of models) {
      const encoded = gemini.encodeRequest(decoded.value, { model })
      // What cannot be carried is refused, and says where.
      if (!encoded.ok) {
        expect(encoded.error).toMatchObject({
          code: 'unsupported_content',
          param: expect.stringMatching(/./) as unknown,
        })
        continue
      }
      const sent = jsonOf(encoded.value.call.body)
      expect(unknownKeys('GenerateContentRequest', sent)).toEqual([])
      expect(problems(sent)).toEqual([])
      for (const loss of encoded.value.losses) expect(loss.path).not.toBe('')
    }
  })
})

/** What the API refuses beyond unknown members. */
function problems(body: Json): string[] {
  const found: string[] = []
  const contents = body['contents'] as { role: string; parts: Json[] }[]
  contents.forEach(({ role, parts }, index) => {
    const before = contents[index - 1]
    if (role === before?.role) found.push(`contents[${index}] has the role of the one before`)
    if (parts.length === 0) found.push(`contents[${index}] is empty`)
    const calls = (before?.parts ?? []).filter((part) => 'functionCall' in part)
    const results = parts.filter((part) => 'functionResponse' in part)
    if (calls.length !== results.length) found.push(`contents[${index}] does not answer the calls before it`)
  })
  return found
}
