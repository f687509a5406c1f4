// One pass over JSON text before it is parsed: depth, key counts, duplicate and forbidden keys, and where the
// top-level members are, so that one can be replaced without touching the others.
// The scan trusts nothing but is only exact on valid JSON; `readJson` parses afterwards and has the last word.
import { isObject, parseJson } from './json-parse.ts'

export interface JsonLimits {
  readonly maxDepth: number
  readonly maxKeysPerObject: number
}

/** Where a top-level member stands in the text, in UTF-16 units; the key's range includes its quotes. */
export interface Member {
  readonly key: string
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
}

/** A JSON object as it came, scanned and parsed once. Everything that needs the body shares this. */
export interface JsonDocument {
  readonly bytes: Uint8Array
  readonly text: string
  readonly value: Readonly<Record<string, unknown>>
  readonly members: readonly Member[]
}

/** Why a body is refused; the same words as the gateway's error codes. */
export type JsonFault =
  | 'invalid_utf8'
  | 'invalid_json'
  | 'invalid_body'
  | 'json_too_deep'
  | 'too_many_keys'
  | 'duplicate_key'
  | 'forbidden_key'

export type JsonReading =
  | { readonly ok: true; readonly document: JsonDocument }
  | { readonly ok: false; readonly fault: JsonFault; readonly key?: string }

const forbiddenKeys = new Set(['__proto__', 'prototype', 'constructor'])

// Below these keys (from the second level on) stands what a tool or a schema author wrote: it is data, not our envelope.
const opaqueKeys = new Set([
  'input',
  'arguments',
  'args',
  'response',
  'input_schema',
  'parameters',
  'parametersJsonSchema',
  'schema',
  'responseSchema',
  'responseJsonSchema',
  // Google's parser takes the names of its messages as well.
  'parameters_json_schema',
  'response_schema',
  'response_json_schema',
])

const fatalUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes, scans and parses a JSON object. Never throws. A byte order mark is dropped, as RFC 8259 section 8.1 allows. */
export function readJson(received: Uint8Array, limits: JsonLimits): JsonReading {
  const bytes = startsWithMark(received) ? received.subarray(3) : received
  let text: string
  try {
    text = fatalUtf8.decode(bytes)
  } catch {
    return { ok: false, fault: 'invalid_utf8' }
  }
  const scan = scanJson(text, limits)
  if (!scan.ok) return scan
  const value = parseJson(text)
  if (value === undefined) return { ok: false, fault: 'invalid_json' }
  if (!isObject(value)) return { ok: false, fault: 'invalid_body' }
  // Only an escape can hide a lone surrogate in valid UTF-8.
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(value)) return { ok: false, fault: 'invalid_utf8' }
  return { ok: true, document: { bytes, text, value, members: scan.members } }
}

function startsWithMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

type Scan =
  | { readonly ok: true; readonly members: readonly Member[] }
  | { readonly ok: false; readonly fault: JsonFault; readonly key?: string }

interface Level {
  readonly isObject: boolean
  /** Inside a tool's input or a schema: keys are not judged. */
  readonly opaque: boolean
  keys: string[]
  seen: Set<string> | undefined
  expectKey: boolean
  key: string
}

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_ARRAY = 91
const BACKSLASH = 92
const CLOSE_ARRAY = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

/** The scan alone. Linear; strings are skipped by `indexOf`, so long texts cost almost nothing. */
export function scanJson(text: string, limits: JsonLimits): Scan {
  const members: Member[] = []
  const levels: Level[] = []
  let level: Level | undefined
  let keyStart = -1
  let keyEnd = -1
  let valueStart = -1

  function closeMember(end: number): void {
    if (levels.length !== 1 || level === undefined || !level.isObject || valueStart < 0) return
    const raw = text.slice(valueStart, end)
    const start = valueStart + (raw.length - raw.trimStart().length)
    members.push({ key: level.key, keyStart, keyEnd, valueStart: start, valueEnd: valueStart + raw.trimEnd().length })
    valueStart = -1
  }

  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at)
        if (end < 0) return { ok: false, fault: 'invalid_json' }
        if (level?.isObject === true && level.expectKey) {
          const key = keyText(text, at, end)
          if (levels.length === 1) {
            keyStart = at
            keyEnd = end + 1
          }
          level.key = key
          if (!level.opaque) {
            if (forbiddenKeys.has(key)) return { ok: false, fault: 'forbidden_key', key }
            if (!addKey(level, key)) return { ok: false, fault: 'duplicate_key', key }
          } else level.keys.push('')
          if (level.keys.length > limits.maxKeysPerObject) return { ok: false, fault: 'too_many_keys' }
        }
        at = end
        break
      }
      case COLON:
        if (level !== undefined) level.expectKey = false
        if (levels.length === 1) valueStart = at + 1
        break
      case COMMA:
        closeMember(at)
        if (level !== undefined) level.expectKey = level.isObject
        break
      case OPEN_OBJECT:
      case OPEN_ARRAY: {
        if (levels.length >= limits.maxDepth) return { ok: false, fault: 'json_too_deep' }
        const inner: Level = {
          isObject: text.charCodeAt(at) === OPEN_OBJECT,
          opaque:
            level !== undefined && (level.opaque || (levels.length > 1 && level.isObject && opaqueKeys.has(level.key))),
          keys: [],
          seen: undefined,
          expectKey: text.charCodeAt(at) === OPEN_OBJECT,
          key: '',
        }
        levels.push(inner)
        level = inner
        break
      }
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        closeMember(at)
        levels.pop()
        level = levels.at(-1)
        break
      default:
    }
  }
  return { ok: true, members }
}

function endOfString(text: string, open: number): number {
  let end = text.indexOf('"', open + 1)
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}

function keyText(text: string, open: number, close: number): string {
  const raw = text.slice(open + 1, close)
  if (!raw.includes('\\')) return raw
  const parsed = parseJson(text.slice(open, close + 1))
  return typeof parsed === 'string' ? parsed : raw
}

function addKey(level: Level, key: string): boolean {
  // Most objects have a handful of keys, where a linear look is faster than a Set.
  if (level.seen === undefined && level.keys.length >= 12) level.seen = new Set(level.keys)
  const known = level.seen === undefined ? level.keys.includes(key) : level.seen.has(key)
  if (known) return false
  level.keys.push(key)
  level.seen?.add(key)
  return true
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (Array.isArray(value)) return value.every(isWellFormed)
  if (!isObject(value)) return true
  return Object.entries(value).every(([key, member]) => key.isWellFormed() && isWellFormed(member))
}
