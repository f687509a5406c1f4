// Whether a provider's count of tokens can be true. Some proxies add up cumulative counts, and a client that believes them
// compacts its conversation for ever. And what there is to say where it told nothing.
import { totalInput, type OutputCount, type Usage } from '../ir/usage.ts'

/** More than any model reads for one answer, the loops of its own server tools included. */
const largestInput = 10_000_000
/** More than any model writes for one answer. */
const largestOutput = 10_000_000

/**
 * The usage as reported, or with the input estimated in its place where the report cannot be true: more tokens than any
 * context holds, and more than the request has bytes. An output that cannot be true is left out.
 * @param requestBytes size of the client's body
 * @param approxInputTokens the estimate
 */
export function plausibleUsage(told: Usage, requestBytes: number, approxInputTokens: number): Usage {
  const usage = (told.output ?? 0) > largestOutput ? withoutOutput(told) : told
  const reported = totalInput(usage)
  if (reported === undefined || reported <= Math.max(largestInput, requestBytes)) return usage
  const { output, reasoning, extras } = usage
  return {
    input: approxInputTokens,
    evidence: 'counted',
    ...(output !== undefined && { output }),
    ...(reasoning !== undefined && { reasoning }),
    ...(extras !== undefined && { extras }),
  }
}

function withoutOutput({ output: _output, reasoning: _reasoning, ...rest }: Usage): Usage {
  return { ...rest, evidence: 'counted' }
}

/**
 * What an answer took, for the trace: the provider's word where it gave one, else what was counted, and marked so. A
 * count is no replacement for a report, it is what there is without one: thoughts that nobody got to read and the tokens
 * around tool calls are not in it.
 * @param told what the provider said, as far as it can be true
 * @param count what went by; undefined where none of it was text
 * @param approxInputTokens the estimate of the request
 */
export function settledUsage(
  told: Usage | undefined,
  count: OutputCount | undefined,
  approxInputTokens: number,
): Usage {
  const read = told === undefined ? 0 : (totalInput(told) ?? 0)
  if (told !== undefined && read > 0 && (count === undefined || isEvidence(told, count))) return told
  const output = settledOutput(told, count)
  return {
    ...told,
    ...(read === 0 && { input: approxInputTokens }),
    ...(output !== undefined && { output }),
    evidence: 'counted',
  }
}

// Nothing written is what a provider says that does not count, where there is text.
function isEvidence({ output = 0 }: Usage, { isBehind }: OutputCount): boolean {
  return output > 0 && !isBehind
}

// A stand on the way is the least that it can have been.
function settledOutput(told: Usage | undefined, count: OutputCount | undefined): number | undefined {
  if (count === undefined || (told !== undefined && isEvidence(told, count))) return told?.output
  return Math.max(told?.output ?? 0, count.tokens)
}
