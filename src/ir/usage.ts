// Token counts: one algebra for all wires, of which every dialect's usage record is a projection.
import type { Extras } from './content.ts'

/**
 * Tokens of one answer. The four input classes are disjoint and add up to the whole input; `output` includes
 * reasoning. A counter that the provider did not report is absent, never 0.
 */
export interface Usage {
  /** Input tokens read at full price (neither from the cache nor written to it). */
  readonly input?: number
  readonly cacheRead?: number
  /**
   * Written to the cache with the default (five-minute) lifetime. A total whose lifetimes the provider does not tell
   * counts as that: it is the lifetime of whoever did not ask for another, and the cheaper one.
   */
  readonly cacheWrite?: number
  readonly cacheWrite1h?: number
  /** All generated tokens, reasoning included. */
  readonly output?: number
  /** The part of `output` that was reasoning. */
  readonly reasoning?: number
  /** `reported` by the provider; `counted` by us from what streamed past. */
  readonly evidence: 'reported' | 'counted'
  /** Counters without a canonical name, as the source dialect spells them (server-tool calls, vendor cost). */
  readonly extras?: Extras
}

/** What a model wrote in one answer, as far as it went by. */
export interface OutputCount {
  /** About so many tokens, one at least. */
  readonly tokens: number
  /** Some of it came behind the last thing that the provider said of its output. */
  readonly isBehind: boolean
}

/**
 * About how many tokens a text is, without a tokenizer: four ASCII characters to one, 1.4 others. Rough: of text that can be
 * read, providers reported between as much and not quite twice as much in the middle of the recordings of each wire. Not rounded.
 * @param ascii how many of its UTF-16 units are ASCII
 * @param others how many are not
 */
export function approxTokensOf(ascii: number, others: number): number {
  return ascii / 4 + others / 1.4
}

/** All input tokens, cached or not. Undefined when none was reported. */
export function totalInput(usage: Usage): number | undefined {
  const counters = [usage.input, usage.cacheRead, usage.cacheWrite, usage.cacheWrite1h]
  if (counters.every((counter) => counter === undefined)) return undefined
  return counters.reduce((sum: number, counter) => sum + (counter ?? 0), 0)
}

const counterNames = ['input', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'output', 'reasoning'] as const

/**
 * The later report wins field by field; what it does not mention keeps the earlier value (Anthropic's two-part usage), and
 * is no better evidence than it was.
 */
export function mergeUsage(earlier: Usage | undefined, later: Usage): Usage {
  if (earlier === undefined) return later
  const extras = { ...earlier.extras, ...later.extras }
  const keeps = counterNames.some((name) => earlier[name] !== undefined && later[name] === undefined)
  const merged: Usage = { ...earlier, ...later, evidence: keeps ? lesser(earlier, later) : later.evidence }
  return Object.keys(extras).length > 0 ? { ...merged, extras } : merged
}

function lesser(one: Usage, other: Usage): Usage['evidence'] {
  return one.evidence === 'counted' ? 'counted' : other.evidence
}
