// The text of a starter configuration: serves at once without a key, and shows where to go on.
import { shellWord } from '../../src/operations/shell-word.ts'

export interface StarterOptions {
  /** With profiles and routes for Codex and Claude Code. */
  readonly nativeClients: boolean
}

/** A commented configuration on the mock provider. */
export function starterText({ nativeClients }: StarterOptions): string {
  return `// A Signalbox configuration. It serves as it is: \`mock/echo\` repeats what you say, without a key and without a network.
// Check changes with: signalbox config validate --config <this file>
{
  "config_version": 1,

  // Without keys the gateway is open to programs on this machine, and to nobody else.
  "server": { "host": "127.0.0.1", "port": 8787 },
  // "keys": [{ "id": "me", "env": "SIGNALBOX_KEY_ME", "roles": ["client"] }],

  // Where keys of providers are kept. Values never stand in this file: variables, files, the vault.
  "credentials": {
    // "openai-main": { "type": "api_key", "source": "env", "env": "OPENAI_API_KEY" },
    // "anthropic-main": { "type": "api_key", "source": "env", "env": "ANTHROPIC_API_KEY" },
  },

  "providers": {
    "mock": { "type": "mock" },
    // "openai": { "type": "openai", "accounts": [{ "id": "main", "credential": "openai-main" }] },
    // "anthropic": { "type": "anthropic", "accounts": [{ "id": "main", "credential": "anthropic-main" }] },
  },

  // A route is a model name that clients may send. Point it elsewhere by changing its targets.
  "routes": {
    "echo": { "targets": [{ "provider": "mock", "model": "echo" }] },${nativeClients ? clientRoutes : ''}
  },
${nativeClients ? clientProfiles : ''}
  // Beside this file, for you alone: traces (never what was said), and what has to be remembered.
  "storage": { "kind": "sqlite", "path": "state.sqlite" },
}
`
}

const clientRoutes = `

    // What Codex asks for. A real one: { "provider": "openai", "model": "gpt-5.4" }
    "codex": { "targets": [{ "provider": "mock", "model": "echo" }] },
    // What Claude Code asks for. A real one: { "provider": "anthropic", "model": "claude-sonnet-4-5" }
    "claude-code": { "targets": [{ "provider": "mock", "model": "echo" }] },
    // Both ask for smaller models by names of their own beside it, for titles and summaries.
    "gpt-models": { "match": { "model": "gpt-*" }, "targets": [{ "provider": "mock", "model": "echo" }] },
    "claude-models": { "match": { "model": "claude-*" }, "targets": [{ "provider": "mock", "model": "echo" }] },`

const clientProfiles = `
  // Which coding clients are expected, and what each may use. \`GET /v1/client-profiles\` says whether they are ready.
  "client_profiles": [
    { "id": "codex", "kind": "codex", "models": ["codex", "gpt-*"], "accounts": [] },
    { "id": "claude-code", "kind": "claude_code", "models": ["claude-code", "claude-*"], "accounts": [] },
  ],
`

export interface NextStepsOptions extends StarterOptions {
  readonly path: string
  readonly url: string
  /** Whether the file is found without being named. */
  readonly isUsual: boolean
  /** What runs the command line: `signalbox`, or how a checkout does it. */
  readonly program: string
}

/** What to do with the file that was written, for people: commands to copy. */
export function nextSteps({ path, url, isUsual, program, nativeClients }: NextStepsOptions): string {
  const body = '{"model":"mock/echo","messages":[{"role":"user","content":"hello"}]}'
  const named = isUsual ? '' : ` --config ${shellWord(path)}`
  const start = `Start:
  ${program} serve${named}
Try:
  curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '${body}'
Look whether everything is in order:
  ${program} doctor${named}
`
  return nativeClients ? `${start}${clientSteps(url)}` : start
}

// https://code.claude.com/docs/en/llm-gateway-connect and https://developers.openai.com/codex/config-sample
function clientSteps(url: string): string {
  return `Claude Code:
  unset ANTHROPIC_API_KEY
  export ANTHROPIC_BASE_URL=${url}
  export ANTHROPIC_AUTH_TOKEN=local            # the gateway's key, once it has one
  export ANTHROPIC_MODEL=claude-code
  export ANTHROPIC_CUSTOM_HEADERS='x-signalbox-client-profile: claude-code'
  claude
Codex, in ~/.codex/config.toml (and: export SIGNALBOX_KEY=local, or the gateway's key):
  model = "codex"
  model_provider = "signalbox"

  [model_providers.signalbox]
  name = "Signalbox"
  base_url = "${url}/v1"
  wire_api = "responses"
  env_key = "SIGNALBOX_KEY"
  http_headers = { "x-signalbox-client-profile" = "codex" }
`
}
