// Under what a record is kept, and what ties it to its answer. Digests only: a store learns no id and no argument.
import { canonicalJson } from '../../catalog/digest.ts'
import type { ContentPart, ToolCallPart } from '../../ir/content.ts'
import type { Turn } from '../../ir/request.ts'
import { parseJson } from '../../wire/json-parse.ts'
import { encodeBase64 } from '../../sealing/base64.ts'

/** What a record is kept under: the calls of an answer, and the turn that it answered. */
export interface Memory {
  readonly calls: readonly Pick<ToolCallPart, 'id' | 'name' | 'input'>[]
  readonly before: Turn | undefined
}

const encoder = new TextEncoder()

/** The key of a record: 43 characters of base64url. */
export function keyOf(scope: string, memory: Memory): Promise<string> {
  return digest(['state', scope, memory.calls[0]?.id ?? ''])
}

/**
 * What the calls of an answer are, as a digest. A record only opens for the calls that it was sealed for: names and
 * arguments as well as ids. Some providers count their ids from 0 in every session, and one session's reasoning must not
 * turn up in another: such an id counts only together with what was said before it.
 */
export function describeCall({ calls, before }: Memory): Promise<string> {
  const described = calls.map(({ id, name, input }) => [id, name, canonicalInput(input)])
  return digest([described, calls.some(({ id }) => isUnique(id)) ? [] : (before?.parts.map(describePart) ?? [])])
}

/** Whether an id looks drawn by lot: sixteen letters and digits in a row, some of each. */
function isUnique(id: string): boolean {
  return /(?=[a-z]*\d[a-z]*\d)[a-z\d]{16}/i.test(id.replaceAll('-', ''))
}

function describePart(part: ContentPart): unknown {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text
    case 'tool-result':
      return [part.callId, part.parts.map(describePart)]
    default:
      return { type: part.type }
  }
}

// Clients parse arguments and write them again; what they mean stays the same.
function canonicalInput(input: string): string {
  const value = input.trim() === '' ? {} : parseJson(input)
  if (value === undefined) return input
  try {
    return canonicalJson(value)
  } catch {
    // Nested beyond the stack.
    return input
  }
}

async function digest(value: unknown): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(JSON.stringify(value))))
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace('=', '')
}
