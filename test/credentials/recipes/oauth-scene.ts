// What a gateway meets in front of an authorization server: a provider that takes its access tokens, and the
// configuration with both.
import { chatAnswer, json, type Answer } from '../../support/upstream.ts'
import type { TokenServer } from './token-server.ts'

/** Answers whoever brings a token that the server knows by now, as Chat does. */
export function forTokensOf(server: () => TokenServer): Answer {
  const refused = json({ error: { message: 'no', type: 'invalid_request_error', code: 'invalid_api_key' } }, 401)
  return (response, received) => {
    const token = /^Bearer (\S+)$/.exec(received.headers.authorization ?? '')?.[1] ?? ''
    return (server().knows(token) ? json(chatAnswer()) : refused)(response, received)
  }
}

/** The provider `up` whose only account refreshes its token. */
export function refreshingAccount(at: {
  readonly tokens: string
  readonly provider: string
  readonly refresh: object
}) {
  const local = { allow_private: true, allow_http: true }
  return {
    credentials: {
      acct: { type: 'oauth', refresh: at.refresh, token_url: at.tokens, client_id: 'client-1', ...local },
    },
    providers: {
      up: {
        type: 'openai_compatible',
        base_url: `${at.provider}/v1`,
        ...local,
        accounts: [{ id: 'main', credential: 'acct' }],
      },
    },
  }
}
