// `provider presets`: the vendors that need nothing but a key, and what each brings along.
import { z } from 'zod'
import { presets, type Preset } from '../catalog/presets.ts'
import type { AuthScheme } from '../catalog/snapshot.ts'
import { defineOperation } from './operation.ts'

export const providerPresets = defineOperation({
  verb: 'provider presets',
  tier: 'read',
  summary: 'List the vendors that can be added by name, with address, wires, and where each looks for its key.',
  examples: ['provider presets', 'provider presets --json'],
  scope: 'nowhere',
  positional: [],
  columns: ['preset', 'key_env', 'needs', 'api_formats', 'base_url'],
  input: z.strictObject({}),
  output: z.array(
    z.strictObject({
      preset: z.string(),
      base_url: z.string().nullable(),
      api_formats: z.array(z.string()),
      auth: z.string().describe('How the key is sent'),
      key_env: z.string().nullable().describe('The variable that holds the key unless another is named'),
      needs: z.array(z.string()).describe('What has to be said beside the key'),
      discovery: z.string().nullable().describe('How its models are listed; null where it has no list'),
      local: z.boolean().describe('Lives on this machine or network'),
    }),
  ),
  run: async () =>
    Object.entries<Preset>(presets).map(([name, preset]) => ({
      preset: name,
      base_url: preset.baseUrl ?? null,
      api_formats: [...preset.apiFormats],
      auth: authText(preset.authScheme),
      key_env: keyVariable(preset) ?? null,
      needs: needsOf(preset),
      discovery: preset.baseUrl === null ? null : (preset.discovery ?? null),
      local: preset.local === true,
    })),
})

/** A scheme in a few words: `bearer`, `header x-api-key`. */
function authText(scheme: AuthScheme): string {
  switch (scheme.kind) {
    case 'none':
    case 'bearer':
      return scheme.kind
    case 'header':
    case 'query':
      return `${scheme.kind} ${scheme.name}`
    case 'sigv4':
      return `sigv4 ${scheme.service}`
  }
}

/** The variable that a vendor's key is looked for in; undefined where the preset knows none. */
export function keyVariable(preset: Preset): string | undefined {
  switch (preset.credentialType) {
    case 'aws':
      return 'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY'
    case 'google_service_account':
      return 'GOOGLE_SERVICE_ACCOUNT_JSON'
    case 'azure':
      return preset.keyEnv ?? 'AZURE_OPENAI_API_KEY'
    case undefined:
      return preset.keyEnv
  }
}

/** What `provider add` has to be told, as members of the file. */
function needsOf(preset: Preset): string[] {
  return [...(preset.baseUrl === undefined ? ['base_url'] : []), ...(preset.needs ?? [])]
}
