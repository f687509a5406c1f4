// The ChatGPT login of Codex. https://github.com/openai/codex, login/src/auth/storage.rs
import { ok } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import { decodeBase64 } from '../../sealing/base64.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Maker } from '../recipe.ts'
import { loginVariable, readLoginFile, usableLogin, type LoginClient } from './login-file.ts'

const codex: LoginClient = { name: 'Codex', login: 'run "codex login"' }
const place = { folderEnv: 'CODEX_HOME', folder: '.codex', file: 'auth.json' } as const

/** The claim in which OpenAI's access tokens say which account they are for. */
const openaiClaim = 'https://api.openai.com/auth'

/** Makes the access token of Codex's login, with the account that ChatGPT's backend wants named beside it. */
export const makeCodexOAuth: Maker<'codex_oauth'> = async (recipe, making) => {
  const given = loginVariable(making, recipe.env)
  let token = given
  let accountId: unknown
  if (given === undefined) {
    const file = await readLoginFile(making, codex, { ...place, path: recipe.path })
    if (!file.ok) return file
    const tokens = isObject(file.value['tokens']) ? file.value['tokens'] : {}
    const text = tokens['access_token']
    if (typeof text === 'string') token = new Secret(making.id, text)
    accountId = tokens['account_id']
  }
  const claims = token === undefined ? {} : claimsOf(token)
  const expiresAt = typeof claims['exp'] === 'number' ? claims['exp'] * 1000 : null
  const login = usableLogin(making, codex, { token, expiresAt })
  if (!login.ok) return login
  const openai = claims[openaiClaim]
  const account = accountId ?? (isObject(openai) ? openai['chatgpt_account_id'] : undefined)
  const headers =
    typeof account === 'string' && /^[\w-]{1,128}$/.test(account) ? { 'chatgpt-account-id': account } : undefined
  return ok({
    material: {
      kind: 'token',
      secret: login.value.token,
      scheme: { kind: 'bearer' },
      ...(headers !== undefined && { headers }),
    },
    expiresAt: login.value.useUntil,
    renewable: true,
  })
}

// Read only to tell a token that has run out; whether it is genuine is for its issuer to say.
function claimsOf(token: Secret): Record<string, unknown> {
  const bytes = decodeBase64(token.reveal().split('.')[1] ?? '')
  const claims = bytes === undefined ? undefined : parseJson(new TextDecoder().decode(bytes))
  return isObject(claims) ? claims : {}
}
