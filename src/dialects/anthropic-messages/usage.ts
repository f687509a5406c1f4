// This wire's usage record and the canonical counters.
// Input counts exclude cache reads and writes here, as in the canonical record.
import type { Extras } from '../../ir/content.ts'
import type { Usage } from '../../ir/usage.ts'
import { isObject } from '../../wire/json-parse.ts'
import { extrasOf, ownMembers } from './extras.ts'
import { listOf, present } from '../kit/present.ts'

const canonical = ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens']

/**
 * Decodes a usage record; undefined where there is none.
 * @param earlier what the same answer reported before: a `message_delta` repeats the cache writes without their lifetimes
 */
export function decodeUsage(value: unknown, earlier?: Usage): Usage | undefined {
  if (!isObject(value)) return undefined
  return withCompactions(decodeCounters(value, earlier), value['iterations'], 1)
}

function decodeCounters(value: Record<string, unknown>, earlier?: Usage): Usage {
  const details = isObject(value['output_tokens_details']) ? value['output_tokens_details'] : {}
  const reasoning = counter(details['thinking_tokens'])
  return {
    evidence: 'reported',
    ...present({
      input: counter(value['input_tokens']),
      cacheRead: counter(value['cache_read_input_tokens']),
      output: counter(value['output_tokens']),
      reasoning,
      extras: usageExtras(value, reasoning !== undefined && Object.keys(details).length === 1),
    }),
    ...decodeCacheWrites(value, earlier),
  }
}

const classes = ['input', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'output', 'reasoning'] as const

/**
 * The tokens of the compactions that came before an answer, added to its counters or taken off them: this wire bills
 * them with the answer and counts them beside it. What ran on another model (an advisor) stays out.
 * @see https://platform.claude.com/docs/en/build-with-claude/compaction
 */
function withCompactions(usage: Usage, iterations: unknown, sign: 1 | -1): Usage {
  const compactions = listOf(iterations).filter((entry) => isObject(entry) && entry['type'] === 'compaction')
  if (compactions.length === 0) return usage
  const counters: Partial<Record<(typeof classes)[number], number>> = {}
  for (const compaction of compactions) {
    const spent = decodeCounters(compaction as Record<string, unknown>)
    for (const key of classes) {
      const before = counters[key] ?? usage[key]
      if (before !== undefined) counters[key] = Math.max(0, before + sign * (spent[key] ?? 0))
    }
  }
  return { ...usage, ...counters }
}

/** Encodes the counters that are known. */
function encodeCounters(usage: Usage): Record<string, unknown> {
  const { input, cacheRead, cacheWrite, cacheWrite1h, output, reasoning } = usage
  const unwritten = cacheWrite === undefined && cacheWrite1h === undefined
  return present({
    input_tokens: input,
    cache_creation_input_tokens: unwritten ? undefined : (cacheWrite ?? 0) + (cacheWrite1h ?? 0),
    cache_read_input_tokens: cacheRead,
    cache_creation:
      cacheWrite1h === undefined
        ? undefined
        : { ephemeral_5m_input_tokens: cacheWrite ?? 0, ephemeral_1h_input_tokens: cacheWrite1h },
    output_tokens: output,
    output_tokens_details: reasoning === undefined ? undefined : { thinking_tokens: reasoning },
  })
}

function usageExtras(value: Record<string, unknown>, plainDetails: boolean): Extras | undefined {
  const known = [...canonical]
  if (plainDetails) known.push('output_tokens_details')
  if (isPlainCacheCreation(value['cache_creation'])) known.push('cache_creation')
  return extrasOf(value, known)
}

function isPlainCacheCreation(value: unknown): boolean {
  if (!isObject(value) || Object.keys(value).length !== 2) return false
  return 'ephemeral_5m_input_tokens' in value && 'ephemeral_1h_input_tokens' in value
}

function decodeCacheWrites(value: Record<string, unknown>, earlier: Usage | undefined): Partial<Usage> {
  const total = counter(value['cache_creation_input_tokens'])
  const split = value['cache_creation']
  if (isObject(split)) {
    const short = counter(split['ephemeral_5m_input_tokens'])
    const long = counter(split['ephemeral_1h_input_tokens'])
    if (long !== undefined) return { cacheWrite: short ?? Math.max(0, (total ?? 0) - long), cacheWrite1h: long }
  }
  if (total === undefined) return {}
  const long = earlier?.cacheWrite1h
  // Nothing tells how long they live: the default.
  if (long === undefined) return { cacheWrite: total }
  // Only a total this time: what was known to live for an hour still does, and alone if it was alone before.
  const allLong = long > 0 && (earlier?.cacheWrite ?? 0) === 0
  return allLong
    ? { cacheWrite: 0, cacheWrite1h: total }
    : { cacheWrite: Math.max(0, total - long), cacheWrite1h: Math.min(long, total) }
}

function counter(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : undefined
}

/** Where a wire record has to be complete: whose extras to write, and what stands in for counters nobody reported. */
export interface Completion {
  readonly own: boolean
  readonly fallback: { readonly input: number; readonly output: number }
}

/** Encodes usage for a place that demands the counters: clients add them up without looking. */
export function fullUsage(usage: Usage | undefined, { own, fallback }: Completion): Record<string, unknown> {
  const extras = own ? ownMembers(usage?.extras) : {}
  const reported = { ...(usage && encodeCounters(withCompactions(usage, extras['iterations'], -1))), ...extras }
  const cache = own ? {} : { cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }
  return { input_tokens: fallback.input, ...cache, output_tokens: fallback.output, ...reported }
}
