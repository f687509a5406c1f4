// Certification of one provider: everything that has to work before clients are sent there, each thing tried for real.
import { z } from 'zod'
import type { ProviderRecord } from '../catalog/snapshot.ts'
import { planRoute } from '../policy/plan.ts'
import { nextStep } from './next-step.ts'
import type { DiscoveredModel, OperationContext, UpstreamProbe } from './operation.ts'
import { chatModel, embeddingModel } from './probe-model.ts'
import { embedProbe, generateProbe } from './probe-request.ts'
import { probe } from './probe-result.ts'
import { commandLine, missingVariables, probeOf } from './provider-lookup.ts'

/** What a provider can turn out to be able to do. */
const capabilityNames = ['model_discovery', 'route_preview', 'chat_non_stream', 'chat_stream', 'embeddings'] as const
type CapabilityName = (typeof capabilityNames)[number]

const checkSchema = z.strictObject({
  name: z.enum(capabilityNames),
  ok: z.boolean(),
  required: z.boolean().describe('Whether the provider is not ready without it'),
  duration_ms: z.number(),
  code: z.string().nullable().describe('Our error code, skipped, or what is wrong with the answer'),
  message: z.string(),
  next: z.string().nullable().describe('What to do about it'),
})
type Check = z.output<typeof checkSchema>

export const certificationSchema = z.strictObject({
  schema: z.literal('signalbox/provider-certification@1'),
  provider: z.string(),
  ok: z.boolean().describe('Ready for clients'),
  status: z
    .enum(['ready', 'partial', 'failed', 'missing_env'])
    .describe('partial: it answers, and something that is required does not work'),
  summary: z.string(),
  model: z.string().nullable().describe('The model that was asked'),
  account: z.string().nullable().describe('The account that was named; null: as the provider selects'),
  verified_capabilities: z.array(z.enum(capabilityNames)),
  checks: z.array(checkSchema),
  missing_env: z.array(z.string()).describe('Variables that have to be set first'),
  next_commands: z.array(z.string()),
})

/** What came of one provider. */
export type Certification = z.output<typeof certificationSchema>

export interface CertificationAsked {
  readonly provider: ProviderRecord
  readonly account: string | null
  readonly model: string | undefined
  readonly embeddingModel: string | undefined
}

const required: ReadonlySet<CapabilityName> = new Set(['route_preview', 'chat_non_stream', 'chat_stream'])

/** After these nothing else can work either, and asking again may lock the account. */
const hopeless: ReadonlySet<string> = new Set([
  'missing_credential',
  'upstream_auth',
  'upstream_forbidden',
  'upstream_quota',
  'upstream_unreachable',
  'upstream_tls',
  'blocked_endpoint',
  'upstream_redirect',
  'upstream_model_missing',
])

/** Tries everything. Never throws for a failure of the provider. */
export async function certify(context: OperationContext, asked: CertificationAsked): Promise<Certification> {
  const missing = missingVariables(context, asked.provider, asked.account)
  if (missing.length > 0) return certificationOf(context, asked, { model: asked.model, checks: [], missing })
  const upstream = probeOf(context)
  const discovery = await discover(context, upstream, asked)
  const checks: Check[] = [discovery.check]
  const model = asked.model ?? chatModel(asked.provider, context.snapshot, discovery.models)
  const run = async (name: CapabilityName, work: () => Promise<Outcome>): Promise<void> => {
    const fatal = checks.find((check) => check.name !== 'model_discovery' && hopeless.has(check.code ?? ''))
    checks.push(
      fatal === undefined
        ? await timed(context, name, work)
        : skipped(name, `not tried after ${fatal.name}: ${fatal.code}`),
    )
  }
  if (model === undefined) for (const name of required) checks.push(noModel(context, asked, name, discovery.check))
  else {
    await run('route_preview', async () => previewed(context, asked, model))
    await run('chat_non_stream', async () => talked(context, upstream, asked, model, false))
    await run('chat_stream', async () => talked(context, upstream, asked, model, true))
  }
  if (asked.provider.dialects.includes('openai-embeddings')) {
    const embedder = asked.embeddingModel ?? embeddingModel(asked.provider, context.snapshot, discovery.models)
    if (embedder === undefined)
      checks.push(skipped('embeddings', 'no model that embeds is known: name one with --embedding-model'))
    else await run('embeddings', async () => embedded(context, upstream, asked, embedder))
  }
  return certificationOf(context, asked, { model, checks, missing: [] })
}

type Outcome = Pick<Check, 'ok' | 'code' | 'message' | 'next'>

async function timed({ clock }: OperationContext, name: CapabilityName, work: () => Promise<Outcome>): Promise<Check> {
  const began = clock.mono()
  const outcome = await work()
  return { name, required: required.has(name), duration_ms: Math.round(clock.mono() - began), ...outcome }
}

function skipped(name: CapabilityName, message: string): Check {
  return { name, ok: false, required: required.has(name), duration_ms: 0, code: 'skipped', message, next: null }
}

function noModel(
  context: OperationContext,
  { provider }: CertificationAsked,
  name: CapabilityName,
  discovery: Check,
): Check {
  const why = discovery.ok ? 'its list holds none to talk to' : 'its list could not be had'
  const command = commandLine(context, `provider certify ${provider.id} --model MODEL`)
  return { ...skipped(name, `no model is known: none is configured, and ${why}`), code: 'no_model', next: command }
}

async function discover(
  context: OperationContext,
  upstream: UpstreamProbe,
  { provider, account }: CertificationAsked,
): Promise<{ readonly check: Check; readonly models: readonly DiscoveredModel[] | undefined }> {
  let models: readonly DiscoveredModel[] | undefined
  const check = await timed(context, 'model_discovery', async () => {
    const found = await upstream.models(provider.id, account)
    if (found.ok) {
      models = found.value
      return { ok: true, code: null, message: `${models.length} models`, next: null }
    }
    const { code, message } = found.error
    if (code === 'unsupported_content') return { ok: false, code: 'skipped', message, next: null }
    return { ok: false, code, message, next: nextStep(context, provider, account, code) }
  })
  return { check, models }
}

function previewed({ snapshot }: OperationContext, { provider }: CertificationAsked, model: string): Outcome {
  const facts = {
    dialect: 'openai-chat',
    task: 'generate',
    model: `${provider.id}/${model}`,
    stream: true,
    wantsUsage: true,
    needsTools: false,
    needsImages: false,
    needsAudio: false,
    needsFiles: false,
    needsSchema: false,
    needsReasoning: false,
    choices: 1,
    approxInputTokens: 8,
  } as const
  const decision = planRoute(facts, snapshot)
  const [selected] = decision?.candidates ?? []
  if (selected === undefined) {
    const reasons = decision?.rejected.map((rejection) => rejection.reason).join('; ')
    return { ok: false, code: 'no_eligible_target', message: reasons ?? 'no route', next: null }
  }
  const way = selected.passthrough ? 'as it is' : 'translated'
  const message = `${facts.model} goes to ${selected.label} (${selected.dialect}, a Chat client ${way})`
  if (selected.target.provider === provider.id) return { ok: true, code: null, message, next: null }
  return { ok: false, code: 'routed_elsewhere', message, next: `rename the route ${JSON.stringify(facts.model)}` }
}

async function talked(
  context: OperationContext,
  upstream: UpstreamProbe,
  { provider, account }: CertificationAsked,
  model: string,
  stream: boolean,
): Promise<Outcome> {
  const { ok, code, message, next } = await probe(
    context,
    upstream,
    provider,
    generateProbe({ provider, account, model, stream }),
  )
  return { ok, code, message, next }
}

async function embedded(
  context: OperationContext,
  upstream: UpstreamProbe,
  { provider, account }: CertificationAsked,
  model: string,
): Promise<Outcome> {
  const { ok, code, message, next } = await probe(context, upstream, provider, embedProbe({ provider, account, model }))
  return { ok, code, message: `${model}: ${message}`, next }
}

interface Findings {
  readonly model: string | undefined
  readonly checks: readonly Check[]
  readonly missing: readonly string[]
}

function certificationOf(
  context: OperationContext,
  { provider, account }: CertificationAsked,
  { model, checks, missing }: Findings,
): Certification {
  const verified = checks.filter((check) => check.ok).map((check) => check.name)
  const ready = missing.length === 0 && [...required].every((name) => verified.includes(name))
  const answers = verified.includes('chat_non_stream') || verified.includes('chat_stream')
  const status = missing.length > 0 ? 'missing_env' : ready ? 'ready' : answers ? 'partial' : 'failed'
  return {
    schema: 'signalbox/provider-certification@1',
    provider: provider.id,
    ok: ready,
    status,
    summary: summaryOf(provider.id, status, { model, checks, missing }),
    model: model ?? null,
    account,
    verified_capabilities: verified,
    checks: [...checks],
    missing_env: [...missing],
    next_commands: nextCommands(context, provider, { model, checks, missing }, ready),
  }
}

function summaryOf(id: string, status: Certification['status'], { model, checks, missing }: Findings): string {
  if (status === 'missing_env')
    return `${id} cannot be tried: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set`
  const verified = checks.filter((check) => check.ok).map((check) => check.name)
  if (status === 'ready') return `${id} is ready with ${model ?? ''}: ${verified.join(', ')}`
  const first =
    checks.find((check) => check.required && !check.ok && check.code !== 'skipped' && check.code !== 'no_model') ??
    checks.find((check) => !check.ok && check.code !== 'skipped')
  const why = first === undefined ? '' : `: ${first.name} failed with ${first.code}: ${first.message}`
  return `${id} is ${status === 'partial' ? 'only partly usable' : 'not usable'}${why}`
}

function nextCommands(
  context: OperationContext,
  { id }: ProviderRecord,
  { model, checks, missing }: Findings,
  ready: boolean,
): string[] {
  const again = commandLine(context, `provider certify ${id}`)
  if (missing.length > 0) {
    const restart = context.status === undefined ? [] : ['restart the gateway, so that it has the variable']
    return [...missing.map((name) => `export ${name}=…`), ...restart, again]
  }
  if (ready) return [commandLine(context, `route preview ${id}/${model ?? ''}`)]
  const codes = new Set(checks.map((check) => check.code))
  return [
    ...(codes.has('no_model') ? [`${again} --model MODEL`] : []),
    ...(codes.has('upstream_model_missing') ? [commandLine(context, `provider models ${id}`)] : []),
    commandLine(context, `provider show ${id}`),
    ...(codes.has('no_model') ? [] : [again]),
  ]
}

/** Whether an answer of a certifying operation means that something is not ready. */
export function isNotReady(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'ok' in data && data.ok !== true
}
