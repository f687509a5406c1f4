// Who can read a token that a provider issued. Pure; keyed by where the token comes from and where it would go.
import type { DialectId } from '../../ir/dialect-id.ts'

/** One place that answers: it issues tokens, and is sent them back. */
export interface Origin {
  readonly dialect: DialectId
  /** The provider's id in the configuration. */
  readonly provider: string
  readonly account: string | null
  /** The provider's model id. */
  readonly model: string
}

/**
 * The name of everybody who reads the tokens of this origin: two origins with one realm read each other's. A token sent
 * into another realm is refused with the whole request, so what is not known to travel does not.
 * - Claude's signatures are bound to the model and valid wherever it is served.
 *   https://platform.claude.com/docs/en/build-with-claude/extended-thinking#thinking-encryption
 * - Gemini's pass between the Gemini models of one provider.
 * - The encrypted reasoning of Responses is bound to the account (seen 2026-08) and to the model.
 */
export function realmOf({ dialect, provider, account, model }: Origin): string {
  switch (dialect) {
    case 'anthropic-messages':
    case 'bedrock-converse': {
      const claude = claudeOf(model)
      return claude === undefined ? `${dialect}/${provider}/${model}` : `claude/${claude}`
    }
    case 'gemini':
      return `${dialect}/${provider}`
    case 'openai-responses':
      return `${dialect}/${provider}/${account ?? ''}/${model}`
    case 'openai-chat':
    case 'openai-completions':
    case 'openai-embeddings':
      return `${dialect}/${provider}/${model}`
  }
}

/**
 * Whether a token that stands unsealed in a client's body may go to this origin. It was issued by somebody who speaks
 * the client's dialect; nothing says who it was.
 */
export function takesUnsealed(client: DialectId, target: Origin): boolean {
  if (client === target.dialect) return true
  const signsLikeClaude = client === 'anthropic-messages' || client === 'bedrock-converse'
  return signsLikeClaude && realmOf(target).startsWith('claude/')
}

/** The name of a Claude model in every spelling: Anthropic's, Bedrock's with region and version, Vertex's with `@`. */
function claudeOf(model: string): string | undefined {
  const name = /claude-.*$/i.exec(model)?.[0].toLowerCase()
  return name
    ?.replace(/:.*$/, '')
    .replace(/-v\d+$/, '')
    .replace(/[-@](?:\d{8}|latest)$/, '')
    .replaceAll('.', '-')
}
