// The answers of operations: whatever they hold, no known secret is in it. The second net; the first is each operation's own
// schema.
import { GatewayError } from '../ir/error.ts'

type Hide = ((text: string) => string) | undefined

/** The value with every text in it cleaned, names of members too; itself where no one hides anything. */
export function hideIn(value: unknown, hide: Hide): unknown {
  if (hide === undefined) return value
  if (typeof value === 'string') return hide(value)
  if (Array.isArray(value)) return value.map((member) => hideIn(member, hide))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [hide(name), hideIn(member, hide)]))
}

/** The error with its words cleaned. The cause stays: it never leaves the process. */
export function hideInError(error: GatewayError, hide: Hide): GatewayError {
  if (hide === undefined || hide(error.message) === error.message) return error
  const { code, status, retry, param, cause } = error
  return new GatewayError(code, {
    message: hide(error.message),
    status,
    retry,
    cause,
    ...(param !== undefined && { param: hide(param) }),
  })
}
