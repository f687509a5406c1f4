// Which headers a configuration may add to upstream requests.

/** Headers that belong to the connection, to the credentials or to the codec. */
const reserved: ReadonlySet<string> = new Set([
  // Hop by hop: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Framing and representation, which the gateway writes itself.
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'accept',
  'accept-encoding',
  'expect',
  // Credentials: only an account brings them.
  'authorization',
  'x-api-key',
  'x-goog-api-key',
  'api-key',
  'cookie',
  'cookie2',
  'set-cookie',
  'set-cookie2',
  // What a browser says about itself.
  'origin',
  'referer',
])

const reservedPrefixes = ['proxy-', 'sec-']

// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
const maxValueLength = 8192

/** Why a header may not be configured; undefined where it may. */
export function headerProblem(name: string, value: string): string | undefined {
  if (!token.test(name)) return 'not a valid header name'
  const lower = name.toLowerCase()
  if (reserved.has(lower) || reservedPrefixes.some((prefix) => lower.startsWith(prefix)))
    return 'set by the gateway and not configurable'
  // Runtimes differ on what lies beyond ASCII, so none of it is accepted.
  if (!/^[\t\x20-\x7e]*$/.test(value)) return 'the value holds a line break or a character outside of printable ASCII'
  if (value.length > maxValueLength) return `the value is longer than ${maxValueLength} characters`
  return undefined
}

/** The headers in which a provider may be sent its key, although a configuration may not set them by hand. */
const credentialHeaders: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'])

/** Why a provider's key may not travel in a header of this name; undefined where it may. */
export function credentialHeaderProblem(name: string): string | undefined {
  return credentialHeaders.has(name.toLowerCase()) ? undefined : headerProblem(name, '')
}
