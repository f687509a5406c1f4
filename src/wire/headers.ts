// Which headers may travel, in both directions. Allow lists: a header that nobody named does not leave.

/** Lower-case header names that a provider's answer may bring to the client. */
const responseHeaders = new Set([
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'request-id',
  'openai-processing-ms',
  'openai-version',
])

const responsePrefixes = ['x-ratelimit-', 'anthropic-ratelimit-']

/** The provider's rate-limit and request-id headers, and nothing else (no cookies, no hop-by-hop, no CORS). */
export function forwardableResponseHeaders(headers: Iterable<[string, string]>): [string, string][] {
  const kept: [string, string][] = []
  for (const [name, value] of headers) {
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
