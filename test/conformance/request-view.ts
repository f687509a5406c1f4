// What a request says, read from its wire without the code under test: a flat list of what the model gets to see.
// This is the subset that a round trip over the other wire must keep: text, tool calls, tool results, base64 images.
import type { DialectId } from '../../src/ir/dialect-id.ts'
import { list, parseArguments, record, says, text, type Json } from './json.ts'

export interface Item {
  readonly role: 'system' | 'user' | 'assistant'
  readonly kind: 'text' | 'tool-call' | 'tool-result' | 'image' | 'file' | 'other'
  /** Comparable across wires. Tool ids are replaced by the position of the call, so that pairing is what counts. */
  readonly value: unknown
  /** Where it stands in its own body. */
  readonly at: string
}

/** Everything the model gets to see, in order. */
export function viewRequest(dialect: DialectId, body: Json): Item[] {
  const ids = new Map<string, number>()
  const items = dialect === 'openai-chat' ? chatItems(body, ids) : anthropicItems(body, ids)
  return dialect === 'openai-chat' ? items : callsLast(items)
}

/** A member of a message or of one of its parts that is no content: a name, a cache breakpoint, a resolution. */
export interface Aside {
  readonly key: string
  readonly value: unknown
  readonly at: string
}

const contentMembers = new Set(
  'role content type text refusal image_url file source data tool_calls id function tool_call_id tool_use_id name input thinking signature'.split(
    ' ',
  ),
)

/** Every member beside the content; `name` counts on messages only, where it is the speaker's. */
export function viewAsides(dialect: DialectId, body: Json): Aside[] {
  const system = dialect === 'anthropic-messages' ? asidesOfParts(body['system'], 'system') : []
  const messages = list(body['messages']).flatMap((entry, index) => {
    const message = record(entry)
    const at = `messages[${index}]`
    const calls = list(message['tool_calls']).flatMap((call, count) =>
      asidesOf(record(call), `${at}.tool_calls[${count}]`),
    )
    const speaker = says(message['name']) ? [{ key: 'name', value: message['name'], at: `${at}.name` }] : []
    return [...asidesOf(message, at), ...speaker, ...calls, ...asidesOfParts(message['content'], `${at}.content`)]
  })
  return [...system, ...messages]
}

function asidesOfParts(content: unknown, at: string): Aside[] {
  return list(content).flatMap((part, index) => {
    const block = record(part)
    const place = `${at}[${index}]`
    const detail = record(block['image_url'])['detail']
    const image =
      says(detail) && detail !== 'auto' ? [{ key: 'detail', value: detail, at: `${place}.image_url.detail` }] : []
    const inside = block['type'] === 'tool_result' ? asidesOfParts(block['content'], `${place}.content`) : []
    return [...asidesOf(block, place), ...image, ...inside]
  })
}

function asidesOf(holder: Json, at: string): Aside[] {
  return Object.entries(holder)
    .filter(([key, value]) => !contentMembers.has(key) && says(value) && !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => ({ key, value, at: `${at}.${key}` }))
}

/** The position of a call's id: the same for the call and for its result. */
function position(ids: Map<string, number>, id: string): number {
  const known = ids.get(id) ?? ids.size
  ids.set(id, known)
  return known
}

/** Chat has one text and one list of calls per message: calls stand behind the text, wherever Anthropic had them. */
function callsLast(items: readonly Item[]): Item[] {
  const sorted: Item[] = []
  let calls: Item[] = []
  for (const item of items) {
    if (item.role !== 'assistant') {
      sorted.push(...calls)
      calls = []
    }
    if (item.kind === 'tool-call') calls.push(item)
    else sorted.push(item)
  }
  return [...sorted, ...calls]
}

function chatItems(body: Json, ids: Map<string, number>): Item[] {
  return list(body['messages']).flatMap((entry, index) => {
    const message = record(entry)
    const at = `messages[${index}]`
    if (message['role'] === 'tool') return [chatResult(message, at, ids)]
    const role = message['role'] === 'user' ? 'user' : message['role'] === 'assistant' ? 'assistant' : 'system'
    const content = parts(message['content'], `${at}.content`).map(({ part, at }): Item => chatPart(part, role, at))
    const refusal: Item[] =
      text(message['refusal']) === '' ? [] : [{ role, kind: 'text', value: message['refusal'], at: `${at}.refusal` }]
    const calls = list(message['tool_calls']).map((entry, call): Item => {
      const { id, function: called } = record(entry)
      const { name, arguments: input } = record(called)
      return {
        role,
        kind: 'tool-call',
        value: { call: position(ids, text(id)), name, input: parseArguments(input) },
        at: `${at}.tool_calls[${call}]`,
      }
    })
    return [...content, ...refusal, ...calls]
  })
}

function chatResult(message: Json, at: string, ids: Map<string, number>): Item {
  const content = parts(message['content'], `${at}.content`).map(({ part }) => text(part['text']))
  return {
    role: 'user',
    kind: 'tool-result',
    value: { call: position(ids, text(message['tool_call_id'])), text: content.filter((entry) => entry !== '') },
    at,
  }
}

function chatPart(part: Json, role: Item['role'], at: string): Item {
  switch (part['type']) {
    case 'text':
      return { role, kind: 'text', value: part['text'], at }
    case 'refusal':
      return { role, kind: 'text', value: part['refusal'], at }
    case 'image_url': {
      // A bare string is the Mistral spelling.
      const image = part['image_url']
      return { role, kind: 'image', value: typeof image === 'string' ? image : record(image)['url'], at }
    }
    case 'file':
      return { role, kind: 'file', value: record(part['file'])['file_data'], at }
    default:
      return { role, kind: 'other', value: part['type'], at }
  }
}

function anthropicItems(body: Json, ids: Map<string, number>): Item[] {
  const system = parts(body['system'], 'system').map(({ part, at }): Item => {
    return { role: 'system', kind: 'text', value: part['text'], at }
  })
  const turns = list(body['messages']).flatMap((entry, index) => {
    const message = record(entry)
    const role = text(message['role']) as Item['role']
    return parts(message['content'], `messages[${index}].content`).flatMap(({ part, at }) =>
      anthropicBlock(part, role, at, ids),
    )
  })
  return [...system, ...turns]
}

function anthropicBlock(block: Json, role: Item['role'], at: string, ids: Map<string, number>): Item[] {
  switch (block['type']) {
    case 'text':
      return [{ role, kind: 'text', value: block['text'], at }]
    case 'image':
      return [{ role, kind: 'image', value: sourceUrl(record(block['source'])), at }]
    case 'document':
      return [{ role, kind: 'file', value: sourceUrl(record(block['source'])), at }]
    case 'tool_use': {
      const call = position(ids, text(block['id']))
      return [{ role, kind: 'tool-call', value: { call, name: block['name'], input: block['input'] }, at }]
    }
    case 'tool_result': {
      const content = parts(block['content'], `${at}.content`)
      const texts = content.filter(({ part }) => part['type'] === 'text').map(({ part }) => text(part['text']))
      const call = position(ids, text(block['tool_use_id']))
      const media = content.filter(({ part }) => part['type'] !== 'text')
      return [
        { role, kind: 'tool-result', value: { call, text: texts.filter((entry) => entry !== '') }, at },
        ...media.flatMap(({ part, at: inside }) =>
          anthropicBlock(part, role, inside, ids).map((item) => ({ ...item, value: { inResult: call, ...item } })),
        ),
      ]
    }
    default:
      return [{ role, kind: 'other', value: block['type'], at }]
  }
}

function sourceUrl(source: Json): unknown {
  if (source['type'] === 'base64') return `data:${text(source['media_type'])};base64,${text(source['data'])}`
  return source['type'] === 'url' ? source['url'] : source
}

/** Content as its parts; a string is one text part at the path of the content itself. An empty string says nothing. */
function parts(content: unknown, at: string): { part: Json; at: string }[] {
  if (typeof content === 'string') return content === '' ? [] : [{ part: { type: 'text', text: content }, at }]
  return list(content).map((part, index) => ({ part: record(part), at: `${at}[${index}]` }))
}
