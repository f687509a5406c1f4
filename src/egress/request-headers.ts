// Which headers leave, and with which values. Nothing is copied from a client here: this is the last look before a wire.
import { GatewayError } from '../ir/error.ts'

// https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 and what frames a message, and what a browser says of itself.
const neverSent: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
  'content-length',
  'cookie',
  'cookie2',
  'origin',
  'referer',
])
const neverSentPrefixes = ['proxy-', 'sec-'] as const

// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
const printable = /^[\t\x20-\x7e]*$/

/** The longest value of a header that leaves, in characters. */
export const maxHeaderValueLength = 8192

/**
 * The headers that leave, names in lower case, `accept-encoding` always `identity`. Throws a `GatewayError` for a value
 * that no header may carry: `invalid_header` where the client brought it, `missing_credential` where an account did.
 */
export function requestHeaders(given: Readonly<Record<string, string>>): Record<string, string> {
  const sent: Record<string, string> = {}
  for (const name in given) {
    const value = given[name]
    if (value === undefined) continue
    const lower = name.toLowerCase()
    if (neverSent.has(lower) || neverSentPrefixes.some((prefix) => lower.startsWith(prefix))) continue
    if (!printable.test(value) || value.length > maxHeaderValueLength || !token.test(lower)) throw unsendable(lower)
    sent[lower] = value
  }
  sent['accept-encoding'] = 'identity'
  return sent
}

// Headers of the configuration were checked when it was read, so what is left came with the request or with a key.
function unsendable(name: string): GatewayError {
  const shown = name.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, 64)
  if (/^(?:anthropic|openai)-/.test(name))
    return new GatewayError('invalid_header', { param: shown, message: `${shown}: the value cannot be sent` })
  return new GatewayError('missing_credential', {
    message:
      `the header ${shown} cannot be sent: a line break, a character outside of printable ASCII, or more than ` +
      `${maxHeaderValueLength} characters; look at the key of the account`,
  })
}
