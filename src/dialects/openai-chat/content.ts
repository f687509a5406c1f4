// Content parts of this wire into canonical parts. Owns what a part says; messages are put together elsewhere.
import type { CacheHint, ContentPart, PartBase } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { asideOf, pack, silently, unknownMembers, type Aside, type Members } from './extras.ts'
import { decodeAudio, decodeFile, decodeImage, payloadMembers } from './media.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { readThinking, reasoningPart } from './reasoning.ts'

const common = ['type', 'cache_control', 'prompt_cache_breakpoint']
const payloadKeys: ReadonlyMap<string, string> = new Map([
  ['text', 'text'],
  ['image_url', 'image_url'],
  ['input_audio', 'input_audio'],
  ['file', 'file'],
  ['refusal', 'refusal'],
])

/** The parts of a message's content. A part that only this wire knows travels whole as `opaque`. */
export function decodeContent(content: unknown, at?: string): ContentPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content, ...present({ at }) }]
  return listOf(content).map((part, index) => decodePart(part, at === undefined ? undefined : `${at}[${index}]`))
}

function decodePart(part: unknown, at: string | undefined): ContentPart {
  if (!isObject(part)) return { type: 'opaque', kind: 'unknown', value: part, ...present({ at }) }
  const type = textOf(part['type']) ?? 'unknown'
  if (type === 'thinking') return withInContent(reasoningPart(readThinking(part), at))
  return knownPart(type, part, at) ?? { type: 'opaque', kind: type, value: part, ...present({ at }) }
}

function knownPart(type: string, part: Members, at: string | undefined): ContentPart | undefined {
  const key = payloadKeys.get(type)
  if (key === undefined) return undefined
  const payload = part[key]
  const base: PartBase = present({ at, cache: decodeCache(part, at), extras: partExtras(type, part, payload) })
  switch (type) {
    case 'text':
      return typeof payload === 'string' ? { type: 'text', text: payload, ...base } : undefined
    case 'refusal':
      return typeof payload === 'string' ? withInContent({ type: 'refusal', text: payload, ...base }) : undefined
    case 'image_url':
      return decodeImage(payload, base)
    case 'input_audio':
      return decodeAudio(payload, base)
    default:
      return decodeFile(payload, base)
  }
}

function partExtras(type: string, part: Members, payload: unknown): PartBase['extras'] {
  const known = new Set([...common, payloadKeys.get(type) ?? ''])
  if (part['cache_control'] !== undefined && part['cache_control'] !== null) known.delete('prompt_cache_breakpoint')
  const { said, silent } = unknownMembers(part, known)
  const inner = unknownMembers(isObject(payload) ? payload : {}, payloadMembers[type] ?? new Set())
  const key = payloadKeys.get(type) ?? ''
  const all = Object.keys(inner.said).length > 0 ? { ...said, [key]: inner.said } : said
  // A link that stands in the part itself goes back there.
  const bare = type === 'image_url' && typeof payload === 'string' ? { image_url: payload } : {}
  return pack(all, silently({ ...silent, ...bare }))
}

/**
 * The cache breakpoint of a part or message: `cache_control` as Anthropic and OpenRouter have it, or OpenAI's own.
 * @see https://platform.openai.com/docs/guides/prompt-caching
 */
export function decodeCache(record: Members, at: string | undefined, unseen: Aside = {}): CacheHint | undefined {
  const control = record['cache_control']
  if (isObject(control)) {
    const { type: _type, ttl, ...rest } = control
    return present({ ttl: textOf(ttl), at: below(at, 'cache_control'), extras: pack(rest, unseen) })
  }
  const breakpoint = record['prompt_cache_breakpoint']
  return isObject(breakpoint)
    ? present({ at: below(at, 'prompt_cache_breakpoint'), extras: pack({}, { ...unseen, breakpoint }) })
    : undefined
}

/** The path of a member; none in an answer, whose parts have no place in a client's body. */
export function below(at: string | undefined, path: string): string | undefined {
  return at === undefined ? undefined : `${at}.${path}`
}

/** A breakpoint on the message (OpenRouter) ends where its last part ends. */
export function withMessageCache(parts: ContentPart[], message: Members, at: string | undefined): ContentPart[] {
  const cache = decodeCache(message, at, { onMessage: true })
  const last = parts.at(-1)
  if (cache === undefined || last === undefined || last.cache !== undefined) return parts
  return [...parts.slice(0, -1), { ...last, cache }]
}

/** The members of a message that `withMessageCache` reads, where there is a part to carry the breakpoint. */
export function cacheMembers(parts: readonly ContentPart[]): readonly string[] {
  const last = parts.at(-1)
  return last === undefined || last.cache !== undefined ? [] : ['cache_control', 'prompt_cache_breakpoint']
}

function withInContent<Part extends ContentPart>(part: Part): Part {
  const extras = pack({ ...part.extras }, { ...asideOf(part.extras), inContent: true })
  return { ...part, ...present({ extras }) }
}
