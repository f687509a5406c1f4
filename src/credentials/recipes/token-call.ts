// One call of a token endpoint. Knows forms, not what a token is.
import { GatewayError } from '../../ir/error.ts'
import type { HeaderSource } from '../../ports/index.ts'
import type { Making } from '../recipe.ts'
import { callStore } from '../sources/http.ts'

/** How long a token endpoint may take for its whole answer, in milliseconds. */
export const tokenTimeoutMs = 8_000

export interface TokenCall {
  readonly url: string
  /** Who is asked, for messages: "Google's token endpoint". */
  readonly who: string
  /** Becomes an `application/x-www-form-urlencoded` body. */
  readonly form: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** What came of a call. */
export type TokenReply =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: HeaderSource; readonly text: string }
  /** Nothing left: the address is not allowed, or not one. */
  | { readonly kind: 'unsent'; readonly error: GatewayError }
  /** No whole answer came. Whether the endpoint acted is not known. */
  | { readonly kind: 'unanswered'; readonly reason: string }

/** Posts a form. Never rejects. */
export async function postForm({ ports, way }: Making, call: TokenCall): Promise<TokenReply> {
  const { url, who } = call
  if (!URL.canParse(url))
    return { kind: 'unsent', error: new GatewayError('blocked_endpoint', { message: `${who} has no address` }) }
  const answer = await callStore(ports, {
    method: 'POST',
    url,
    who,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...call.headers },
    body: new TextEncoder().encode(new URLSearchParams(call.form).toString()),
    way: way ?? { allowPrivate: false, allowHttp: false, egress: null },
    timeoutMs: tokenTimeoutMs,
  })
  if (answer.ok) return { kind: 'answered', ...answer.value }
  return answer.error.code === 'blocked_endpoint'
    ? { kind: 'unsent', error: answer.error }
    : { kind: 'unanswered', reason: answer.error.message }
}
