// Whether a provider's count of tokens can be true. Some proxies add up cumulative counts, and a client that believes them
// compacts its conversation for ever.
import { totalInput, type Usage } from '../ir/usage.ts'

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
