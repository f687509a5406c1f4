// What a target costs, as far as its model's price says, and how it is paid for. Nano-USD; unknown is null, never 0.
import type { Lane, ModelRecord, ProviderRecord, TargetRecord } from '../catalog/snapshot.ts'
import type { RequestFacts } from '../ir/facts.ts'

/** A target with what the catalog says of it. */
export interface Priced {
  readonly target: TargetRecord
  readonly provider: ProviderRecord
  readonly record: ModelRecord | undefined
}

/** What a request without a limit of its own is taken to write. */
const assumedOutputTokens = 1000

/** The lane of a target: what it says itself, else its provider, else `free` where the price is known to be 0. */
export function laneOf(priced: Priced): Lane {
  return priced.target.lane ?? priced.provider.lane ?? (isFree(priced.record) ? 'free' : 'standard')
}

function isFree(record: ModelRecord | undefined): boolean {
  const price = record?.price
  return price?.input === 0 && price.output === 0 && (price.request ?? 0) === 0
}

/** Input plus output per million tokens; vectors have no output. A target on a free lane costs nothing. */
export function blendedPrice(priced: Priced, { task }: Pick<RequestFacts, 'task'>): number | null {
  const price = priced.record?.price ?? null
  const input = price?.input ?? null
  const output = task === 'embed' ? (price?.output ?? 0) : (price?.output ?? null)
  if (input === null || output === null) return isDeclaredFree(priced) ? 0 : null
  return input + output
}

/** What is known of the blended price at least, where the rest of it is not; 0 where nothing is. */
export function leastPrice(priced: Priced): number {
  const { input, output } = priced.record?.price ?? {}
  return isDeclaredFree(priced) ? 0 : (input ?? 0) + (output ?? 0)
}

/** What this request is expected to cost: its estimated input, and as much output as it may have. */
export function expectedCost(
  priced: Priced,
  { task, approxInputTokens, maxOutputTokens }: Pick<RequestFacts, 'task' | 'approxInputTokens' | 'maxOutputTokens'>,
): number | null {
  const price = priced.record?.price ?? null
  const outputTokens = task === 'generate' ? (maxOutputTokens ?? assumedOutputTokens) : 0
  const input = price?.input ?? null
  const output = outputTokens === 0 ? 0 : (price?.output ?? null)
  if (input === null || output === null) return isDeclaredFree(priced) ? 0 : null
  return (approxInputTokens * input + outputTokens * output) / 1e6 + (price?.request ?? 0)
}

function isDeclaredFree({ target, provider }: Priced): boolean {
  return (target.lane ?? provider.lane) === 'free'
}

/** `9.00`: nano-USD as USD for a reason. */
export function usdText(nano: number): string {
  const usd = nano / 1e9
  return usd !== 0 && usd < 0.01 ? usd.toPrecision(2) : usd.toFixed(2)
}
