// The makers, one for each type of credential.
import type { CredentialRecipe } from '../../catalog/snapshot.ts'
import type { Maker } from '../recipe.ts'
import { makeApiKey } from './api-key.ts'
import { makeAws } from './aws.ts'
import { makeAzure } from './azure.ts'
import { makeClaudeCodeOAuth } from './claude-code-oauth.ts'
import { makeCodexOAuth } from './codex-oauth.ts'
import { makeGoogleServiceAccount } from './google-service-account.ts'
import { makeOAuth } from './oauth.ts'

/** The maker of each type. */
export const makers: { readonly [Type in CredentialRecipe['type']]: Maker<Type> } = {
  api_key: makeApiKey,
  aws: makeAws,
  google_service_account: makeGoogleServiceAccount,
  azure: makeAzure,
  oauth: makeOAuth,
  codex_oauth: makeCodexOAuth,
  claude_code_oauth: makeClaudeCodeOAuth,
}
