// `provider add`: a vendor into the configuration, with where its key is and, where asked for, a model and a route.
import { z } from 'zod'
import { didYouMean } from '../catalog/hints.ts'
import { presetOf, providerTypes, type Preset } from '../catalog/presets.ts'
import { GatewayError } from '../ir/error.ts'
import { commandLines } from './certification-text.ts'
import { defineOperation, type ConfigChange, type OperationContext } from './operation.ts'
import { commandLine, editorOf } from './provider-lookup.ts'
import { keyVariable } from './provider-presets.ts'

const text = (what: string) => z.string().min(1).optional().describe(what)
const variable = z.string().regex(/^[A-Za-z_]\w{0,254}$/, 'expected the name of an environment variable')

const input = z.strictObject({
  preset: z.string().min(1).describe('The vendor; `provider presets` lists them'),
  id: text('The name of the provider in the configuration; the name of the preset where left out'),
  base_url: text('The address, where it is not the usual one of the vendor'),
  api_key_env: variable.optional().describe('The environment variable that holds the key (its name, never the key)'),
  auth_header: text('The header that carries the key, where it is not the usual one'),
  no_key: z.boolean().default(false).describe('The server asks for no key'),
  local: z
    .boolean()
    .default(false)
    .describe('Lives on this machine or network: private addresses and plain http are fine'),
  model: text('A model to write into the configuration'),
  route: text('The name of a new route to that model'),
  region: text('The region, for vendors that have them'),
  project: text('The project, for vendors that have them'),
  api_version: text('The api-version, for Azure'),
  deployment: text('The deployment, for Azure'),
  inference_profile: text('The inference profile, for Bedrock'),
  force: z.boolean().default(false).describe('Replace what is there already under these names'),
})

type Input = z.output<typeof input>

export const providerAdd = defineOperation({
  verb: 'provider add',
  tier: 'mutation',
  summary: 'Add a provider to the configuration, with its credential and, where asked for, a model and a route.',
  examples: [
    'provider add openrouter --model anthropic/claude-sonnet-4.5 --route default',
    'provider add openai_compatible --id acme --base-url https://llm.acme.example/v1 --api-key-env ACME_API_KEY',
  ],
  scope: 'anywhere',
  positional: ['preset'],
  lines: ({ id, type, place, live, warnings, next, model, route }) => [
    `${id} (${type}) was written to ${place}${live === null ? '' : `, and ${live} goes by it`}`,
    ...(route === null ? [] : [`route ${route} leads to ${id}/${model}`]),
    ...warnings.map((warning) => `warning: ${warning}`),
    ...commandLines(next),
  ],
  input,
  output: z.strictObject({
    id: z.string(),
    type: z.string(),
    credential: z.string().nullable(),
    key_env: z.string().nullable().describe('The variable that has to hold the key'),
    key_is_set: z.boolean().nullable().describe('Whether it does; null where that is not known here'),
    model: z.string().nullable(),
    route: z.string().nullable(),
    place: z.string().describe('Where it was written'),
    live: z.string().nullable().describe('The gateway that goes by it already'),
    revision: z.string(),
    warnings: z.array(z.string()),
    next: z.array(z.string()).describe('What is left to do'),
  }),
  run: async (context, asked) => {
    const preset = presetOf(asked.preset)
    if (preset === undefined) throw unknownPreset(asked.preset)
    checkInput(asked, preset)
    if (context.isPrivileged !== true) holdBack(asked)
    const editor = editorOf(context)
    const plan = planOf(asked, preset)
    const edited = await editor.apply(changesOf(asked, plan))
    if (!edited.ok) throw explained(edited.error, asked)
    const keyIsSet = plan.keyEnv === null || context.hasSecret === undefined ? null : context.hasSecret(plan.keyEnv)
    return {
      id: plan.id,
      type: asked.preset,
      credential: plan.credential === null ? null : plan.id,
      key_env: plan.keyEnv,
      key_is_set: keyIsSet,
      model: asked.model ?? null,
      route: asked.route ?? null,
      place: editor.place,
      live: edited.value.live ?? null,
      revision: edited.value.revision,
      warnings: [...edited.value.warnings],
      next: nextSteps(context, plan, {
        keyIsSet,
        isLive: edited.value.live !== undefined,
        takesEffect: editor.takesEffect,
      }),
    }
  },
})

function unknownPreset(name: string): GatewayError {
  const hint = didYouMean(name, providerTypes) ?? '`signalbox provider presets` lists them'
  return new GatewayError('invalid_value', { message: `no preset ${JSON.stringify(name)}, ${hint}`, param: 'preset' })
}

function checkInput(asked: Input, preset: Preset): void {
  const wrong = (param: string, message: string): GatewayError =>
    new GatewayError('invalid_value', { message: `${param}: ${message}`, param })
  if (asked.route !== undefined && asked.model === undefined) throw wrong('route', 'needs a `model` to lead to')
  if (asked.no_key && asked.api_key_env !== undefined) throw wrong('no_key', 'stands beside api_key_env')
  if (asked.no_key && asked.auth_header !== undefined) throw wrong('no_key', 'stands beside auth_header')
  if (asked.api_key_env?.startsWith('SIGNALBOX_') === true)
    throw wrong('api_key_env', 'the keys of the gateway itself are sent to nobody')
  if (preset.baseUrl === undefined && asked.base_url === undefined)
    throw wrong('base_url', `required: a provider of type ${asked.preset} has no address of its own`)
  const isKeyless = preset.authScheme.kind === 'none' || preset.credentialType !== undefined
  if (!isKeyless && !asked.no_key && asked.api_key_env === undefined && preset.keyEnv === undefined)
    throw wrong('api_key_env', 'required: the variable that holds the key; `no_key` where the server asks for none')
  for (const need of preset.needs ?? [])
    if (asked[need] === undefined && asked.base_url === undefined)
      throw wrong(need, `required for a provider of type ${asked.preset}`)
  const isPlain = asked.base_url !== undefined && /^http:/i.test(asked.base_url)
  if (isPlain && !asked.local && preset.local !== true)
    throw wrong('base_url', 'plain http is for servers of this machine or network: say `local`')
}

// Where a key is sent, which one and by which proxy, is for those to decide who may see keys: a lower tier could send any
// variable of the gateway to any address, or a known one around its proxy by replacing the provider.
function holdBack(asked: Input): void {
  const own = (['base_url', 'api_key_env', 'auth_header', 'local', 'force'] as const).find(
    (name) => asked[name] !== undefined && asked[name] !== false,
  )
  if (own !== undefined)
    throw new GatewayError('insufficient_tier', {
      message: `${own}: an address or a variable of one's own, or in the place of another, needs a key of role admin (tier privileged)`,
      param: own,
    })
}

interface Plan {
  readonly id: string
  readonly credential: Readonly<Record<string, unknown>> | null
  readonly provider: Readonly<Record<string, unknown>>
  /** The variable that has to be set; null where none is, or where it is several. */
  readonly keyEnv: string | null
  /** In words, where it is several. */
  readonly keyText: string | null
}

function planOf(asked: Input, preset: Preset): Plan {
  const id = asked.id ?? asked.preset
  const credential = credentialOf(asked, preset)
  const scheme = asked.no_key
    ? { kind: 'none' }
    : asked.auth_header === undefined
      ? undefined
      : { kind: 'header', name: asked.auth_header }
  const provider = present({
    type: asked.preset,
    base_url: asked.base_url,
    auth_scheme: scheme,
    accounts: credential === null ? undefined : [{ id: 'main', credential: id }],
    allow_private: asked.local && preset.local !== true ? true : undefined,
    allow_http: asked.local && preset.local !== true ? true : undefined,
    region: asked.region,
    project: asked.project,
    api_version: asked.api_version,
    deployment: asked.deployment,
    inference_profile: asked.inference_profile,
  })
  const known = keyVariable(preset)
  const single = asked.api_key_env ?? (known === undefined || known.includes(',') ? null : known)
  const keyEnv = credential === null ? null : single
  return { id, credential, provider, keyEnv, keyText: credential === null ? null : (single ?? known ?? null) }
}

function credentialOf(asked: Input, preset: Preset): Plan['credential'] {
  if (asked.no_key || preset.baseUrl === null) return null
  const { api_key_env: env } = asked
  const { credentialType: type } = preset
  // A Bedrock key is a text like any other; without one it is AWS's own keys that sign.
  if (type === 'aws' && env === undefined) return { type, source: 'env' }
  if (type === 'azure' || type === 'google_service_account') return present({ type, source: 'env', env })
  const name = env ?? (preset.authScheme.kind === 'none' ? undefined : preset.keyEnv)
  return name === undefined ? null : { type: 'api_key', source: 'env', env: name }
}

function changesOf(asked: Input, { id, credential, provider }: Plan): ConfigChange[] {
  const existing = asked.force ? 'replace' : 'refuse'
  return [
    { path: ['providers', id], value: provider, existing },
    ...(credential === null ? [] : [{ path: ['credentials', id], value: credential, existing } as const]),
    ...(asked.model === undefined ? [] : [{ path: ['models', asked.model], value: {}, existing: 'fill' } as const]),
    ...(asked.route === undefined
      ? []
      : [
          {
            path: ['routes', asked.route],
            value: { targets: [{ provider: id, model: asked.model }] },
            existing,
          } as const,
        ]),
  ]
}

function explained(error: GatewayError, asked: Input): GatewayError {
  if (error.code !== 'conflict' || asked.force || !error.message.endsWith('is there already')) return error
  return new GatewayError('conflict', { message: `${error.message}; \`force\` replaces it, \`id\` takes another name` })
}

interface AfterEdit {
  readonly keyIsSet: boolean | null
  /** A gateway that runs goes by it. */
  readonly isLive: boolean
  readonly takesEffect: string | null
}

function nextSteps(context: OperationContext, plan: Plan, { keyIsSet, isLive, takesEffect }: AfterEdit): string[] {
  const set = plan.keyEnv === null ? plan.keyText : `export ${plan.keyEnv}=…`
  const key = set === null || keyIsSet === true ? [] : [plan.keyEnv === null ? `set ${set}` : set]
  // The variables of a process that runs are those that it began with.
  const how = key.length > 0 && isLive ? [keyOfRunning(plan.keyText ?? 'the key')] : key
  const effect = takesEffect === null ? [] : [takesEffect]
  return [...how, ...effect, commandLine(context, `provider certify ${plan.id}`)]
}

function keyOfRunning(names: string): string {
  return `put ${names} into secrets.json beside the configuration, as {"api_key_overrides": {"NAME": "…"}} and with mode 600: the gateway takes it up by itself. Or export it and start the gateway again`
}

function present(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
