// This wire's usage record and the canonical counters. Input counts exclude what the cache gave and took, as in the
// canonical record; only the total includes it.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
import type { Usage } from '../../ir/usage.ts'
import { isObject } from '../../wire/json-parse.ts'
import { countOf, listOf, present } from '../kit/present.ts'
import { leftOver, objectOf, ownMembers, pack, type Members } from './extras.ts'

const counters = ['inputTokens', 'outputTokens', 'totalTokens', 'cacheReadInputTokens', 'cacheWriteInputTokens']
// The service says the same under a second name.
const doubles = ['cacheReadInputTokenCount', 'cacheWriteInputTokenCount']

/** Decodes a usage record; undefined where there is none. */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined
  const { cacheDetails, serverToolUsage, totalTokens } = value
  const emptyTools = isObject(serverToolUsage) && Object.keys(serverToolUsage).length === 0
  const plain = isPlain(cacheDetails)
  const known = [
    ...counters,
    ...doubles,
    ...(plain ? ['cacheDetails'] : []),
    ...(emptyTools ? ['serverToolUsage'] : []),
  ]
  const silent = present({
    totalTokens,
    cacheReadInputTokenCount: value['cacheReadInputTokenCount'],
    cacheWriteInputTokenCount: value['cacheWriteInputTokenCount'],
    cacheDetails: plain ? cacheDetails : undefined,
    serverToolUsage: emptyTools ? serverToolUsage : undefined,
  })
  return {
    evidence: 'reported',
    ...present({
      input: countOf(value['inputTokens']),
      cacheRead: countOf(value['cacheReadInputTokens']) ?? countOf(value['cacheReadInputTokenCount']),
      output: countOf(value['outputTokens']),
      extras: pack(leftOver(value, known), silent),
    }),
    ...decodeWrites(value, cacheDetails),
  }
}

/** What was written to the cache, by lifetime where the record says so. */
function decodeWrites(value: Members, details: unknown): Partial<Usage> {
  const total = countOf(value['cacheWriteInputTokens']) ?? countOf(value['cacheWriteInputTokenCount'])
  const long = listOf(details)
    .map(objectOf)
    .find(({ ttl }) => ttl === '1h')
  const hour = countOf(long?.['inputTokens'])
  // Without details nothing tells how long they live: the default.
  if (hour === undefined) return present({ cacheWrite: total })
  return { cacheWrite: Math.max(0, (total ?? hour) - hour), cacheWrite1h: hour }
}

/** Lifetimes with a canonical counter, or nothing. */
function isPlain(details: unknown): boolean {
  if (!Array.isArray(details)) return false
  return details.every((detail) => {
    const { ttl, inputTokens, ...rest } = objectOf(detail)
    return (ttl === '5m' || ttl === '1h') && countOf(inputTokens) !== undefined && Object.keys(rest).length === 0
  })
}

/** Where a record has to be complete: whose extras to write, and what stands in for counters nobody reported. */
export interface Completion {
  readonly own: boolean
  readonly fallback: { readonly input: number; readonly output: number }
}

/** Encodes usage; the wire demands the counts of input, output and both. */
export function encodeUsage(usage: Usage | undefined, { own, fallback }: Completion): Record<string, unknown> {
  const { cacheRead, cacheWrite, cacheWrite1h } = usage ?? {}
  const inputTokens = usage?.input ?? (usage === undefined ? fallback.input : 0)
  const outputTokens = usage?.output ?? fallback.output
  const written =
    cacheWrite === undefined && cacheWrite1h === undefined ? undefined : (cacheWrite ?? 0) + (cacheWrite1h ?? 0)
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + (cacheRead ?? 0) + (written ?? 0) + outputTokens,
    ...present({
      cacheReadInputTokens: cacheRead,
      cacheWriteInputTokens: written,
      cacheDetails: cacheWrite1h === undefined ? undefined : detailsOf(cacheWrite ?? 0, cacheWrite1h),
    }),
    ...(own && ownMembers(usage?.extras)),
  }
}

function detailsOf(short: number, long: number): Members[] {
  return [{ ttl: '1h', inputTokens: long }, ...(short > 0 ? [{ ttl: '5m', inputTokens: short }] : [])]
}
