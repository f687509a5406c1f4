// The Claude login of Claude Code: `~/.claude/.credentials.json`, or the variable that `claude setup-token` is made for.
// https://docs.anthropic.com/en/docs/claude-code/iam
import { ok } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { Maker } from '../recipe.ts'
import { loginVariable, readLoginFile, usableLogin, type LoginClient } from './login-file.ts'

const claudeCode: LoginClient = { name: 'Claude Code', login: 'run "claude" and type /login' }
const place = { folderEnv: 'CLAUDE_CONFIG_DIR', folder: '.claude', file: '.credentials.json' } as const

/** What Anthropic's API wants to see beside a login's token: without it, bearer tokens are refused. */
export const oauthBeta = 'oauth-2025-04-20'

/** Makes the access token of Claude Code's login; it travels as bearer, where a key has `x-api-key`. */
export const makeClaudeCodeOAuth: Maker<'claude_code_oauth'> = async (recipe, making) => {
  let token = loginVariable(making, recipe.env)
  let expiresAt: number | null = null
  if (token === undefined) {
    const file = await readLoginFile(making, claudeCode, { ...place, path: recipe.path })
    if (!file.ok) return file
    const login = isObject(file.value['claudeAiOauth']) ? file.value['claudeAiOauth'] : {}
    if (typeof login['accessToken'] === 'string') token = new Secret(making.id, login['accessToken'])
    if (typeof login['expiresAt'] === 'number') expiresAt = login['expiresAt']
  }
  const usable = usableLogin(making, claudeCode, { token, expiresAt })
  if (!usable.ok) return usable
  return ok({
    material: {
      kind: 'token',
      secret: usable.value.token,
      scheme: { kind: 'bearer' },
      headers: { 'anthropic-beta': oauthBeta },
    },
    expiresAt: usable.value.useUntil,
    renewable: true,
  })
}
