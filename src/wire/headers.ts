// Which headers of a provider's answer travel to the client. Allow lists: a header that nobody named does not leave.

/** Lower-case header names that a provider's answer may bring to the client. */
const responseHeaders = new Set([
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'request-id',
  'x-amzn-requestid',
  'apim-request-id',
  'x-ms-request-id',
  'openai-processing-ms',
  'openai-version',
])

const responsePrefixes = ['x-ratelimit-', 'anthropic-ratelimit-']

/** How many of them travel, and how long each may be: a provider names as many limits as it likes. */
const maxForwarded = 64
const maxForwardedLength = 1024

/**
 * The provider's rate-limit and request-id headers, and nothing else (no cookies, no hop-by-hop, no CORS, no policies of
 * its own). A value that is not printable ASCII stays behind.
 */
export function forwardableResponseHeaders(headers: Iterable<[string, string]>): [string, string][] {
  const kept: [string, string][] = []
  for (const [name, value] of headers) {
    if (kept.length >= maxForwarded) break
    if (value.length > maxForwardedLength || !/^[\t\x20-\x7e]*$/.test(value)) continue
    if (responseHeaders.has(name) || responsePrefixes.some((prefix) => name.startsWith(prefix)))
      kept.push([name, value])
    // The provider's id keeps its own name: ours is x-signalbox-request-id.
    else if (name === 'x-request-id') kept.push(['x-upstream-request-id', value])
  }
  return kept
}

/** Makes any text safe as a header value: printable ASCII, bounded. */
export function headerValue(text: string, maxLength = 1024): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, maxLength)
}
