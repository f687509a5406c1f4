// The table of what survives which translation, read off the codecs themselves: every feature is laid over a plain
// request, translated, and judged by the losses that the plain request does not have.
import { dialects, type GenerativeId } from '../../src/dialects/index.ts'
import { createStateKeeper, type StateKeeper } from '../../src/engine/state/keeper.ts'
import { openKeyring } from '../../src/engine/state/keyring.ts'
import { realmOf } from '../../src/engine/state/realm.ts'
import { sealAnswer } from '../../src/engine/state/seal-answer.ts'
import { translateRequest } from '../../src/engine/translation.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { readJson } from '../../src/wire/json-scan.ts'
import { plainFacts } from '../support/facts.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'
import { answerFeatures, type UpstreamId } from './answer-features.ts'
import { plain, requestFeatures, type IngressId } from './request-features.ts'

type Body = Readonly<Record<string, unknown>>

/** What becomes of a feature; absent where the client's wire has no word for it. */
export type Verdict = 'bytes' | 'mapped' | 'approximated' | 'dropped' | 'refused'

export interface Row {
  readonly feature: string
  readonly verdicts: Readonly<Record<string, Verdict | undefined>>
}

export const ingresses: readonly IngressId[] = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini']
export const upstreams: readonly UpstreamId[] = [
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
  'gemini',
  'bedrock-converse',
]

/** A model of each wire that has everything: some encoders look at the name. */
const models: Readonly<Record<UpstreamId, string>> = {
  'openai-chat': 'gpt-5',
  'openai-responses': 'gpt-5',
  'anthropic-messages': 'claude-sonnet-4-5',
  gemini: 'gemini-3-pro-preview',
  'bedrock-converse': 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
}

/** What every feature of one client wire becomes on every upstream wire. */
export function requestRows(ingress: IngressId): Row[] {
  return requestFeatures
    .filter((feature) => feature.on[ingress] !== undefined)
    .map(({ name, on }) => ({
      feature: name,
      verdicts: Object.fromEntries(upstreams.map((to) => [to, judgeRequest(ingress, to, on[ingress] ?? {})])),
    }))
}

function judgeRequest(from: IngressId, to: UpstreamId, fragment: Body): Verdict {
  if (from === to) return 'bytes'
  const before = new Set(lossesOf(from, to, plain[from]).map((loss) => loss.key))
  const after = lossesOf(from, to, { ...plain[from], ...fragment })
  if (after.some((loss) => loss.action === 'refused')) return 'refused'
  return worst(after.filter((loss) => !before.has(loss.key)).map((loss) => loss.action))
}

function worst(actions: readonly string[]): Verdict {
  if (actions.includes('dropped')) return 'dropped'
  return actions.includes('approximated') ? 'approximated' : 'mapped'
}

function lossesOf(from: GenerativeId, to: UpstreamId, body: Body): { readonly action: string; readonly key: string }[] {
  const reading = readJson(new TextEncoder().encode(JSON.stringify(body)), { maxDepth: 64, maxKeysPerObject: 100 })
  if (!reading.ok) throw new Error(reading.fault)
  const path = dialects[from].endpoints[0]?.path.replace('{model}', 'm') ?? '/'
  const wire = {
    task: 'generate' as const,
    path,
    query: new URLSearchParams(),
    headers: new Headers(),
    body: reading.document,
  }
  const translated = translateRequest(from, to, wire, { model: models[to] })
  if (!translated.ok) throw translated.error
  const { approximated, dropped, refused } = translated.value.ledger
  return Object.entries({ approximated, dropped, refused }).flatMap(([action, entries]) =>
    entries.map((entry) => ({ action, key: `${action} ${entry.pointer}` })),
  )
}

/** What every feature of an upstream's answer becomes on every client wire. */
export async function answerRows(upstream: UpstreamId): Promise<Row[]> {
  const rows: Row[] = []
  for (const { name, on } of answerFeatures) {
    const body = on[upstream]
    if (body === undefined) continue
    const verdicts: Record<string, Verdict> = {}
    for (const to of ingresses) verdicts[to] = await judgeAnswer(upstream, to, body)
    rows.push({ feature: name, verdicts })
  }
  return rows
}

/** As a gateway with a sealing key answers: what only the provider can read goes sealed to the client. */
async function judgeAnswer(from: UpstreamId, to: IngressId, body: Body): Promise<Verdict> {
  if (from === to) return 'bytes'
  const decoded = dialects[from].decodeResponse(body)
  if (!decoded.ok) return 'refused'
  const realm = realmOf({ dialect: from, provider: from, account: null, model: models[from] })
  const sealed = await sealAnswer(decoded.value, { keeper: createKeeper(), ingress: to, realm, before: undefined })
  const encoded = dialects[to].encodeResponse(sealed.response, {
    requestId: 'req_matrix',
    model: models[from],
    createdAt: 1,
    upstream: from,
    facts: plainFacts({ dialect: to, wantsUsage: true }),
  })
  return worst([...sealed.losses, ...encoded.losses].map((loss) => loss.action))
}

function createKeeper(): StateKeeper {
  const nothing = (): void => {}
  return createStateKeeper({
    keyring: openKeyring({ get: (name) => (name === 'SIGNALBOX_KEK' ? `k:${btoa('k'.repeat(32))}` : undefined) }),
    store: createMemoryStores().state,
    ttlMs: 1000,
    clock: createVirtualClock(),
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    caller: { tenant: 'matrix', keyId: 'matrix' },
  })
}

const signs: Readonly<Record<Verdict, string>> = {
  bytes: 'bytes',
  mapped: 'yes',
  approximated: 'near',
  dropped: 'lost',
  refused: '4xx',
}

/** The tables as Markdown. */
export async function renderMatrix(): Promise<string> {
  const parts = [
    '# What survives a translation',
    '',
    'Written by `npm run matrix` from the codecs themselves; a test fails when it is stale.',
    '',
    '| sign | meaning |',
    '| --- | --- |',
    '| bytes | same wire on both sides: the bytes travel as they are |',
    '| yes | mapped, with the same meaning |',
    '| near | something near it is sent, and a loss says so |',
    '| lost | left out, and a loss says so |',
    '| 4xx | refused before anything is sent: leaving it out would change what was asked |',
    '| – | the wire has no such thing |',
    '',
    'What only a provider can read (signatures, redacted reasoning) is judged with a sealing key in `SIGNALBOX_KEK`; without one it is lost.',
    '',
    'Losses stand in `x-signalbox-losses` and in the trace; `x-signalbox-fidelity: strict` turns every one of them into a 422.',
    '',
  ]
  for (const ingress of ingresses)
    parts.push(`## Requests of ${ingress} clients`, '', ...table(requestRows(ingress), upstreams), '')
  for (const upstream of upstreams)
    parts.push(`## Answers of ${upstream} upstreams`, '', ...table(await answerRows(upstream), ingresses), '')
  return parts.join('\n')
}

function table(rows: readonly Row[], columns: readonly string[]): string[] {
  const cell = (verdict: Verdict | undefined): string => (verdict === undefined ? '–' : signs[verdict])
  return [
    `| | ${columns.join(' | ')} |`,
    `| --- |${columns.map(() => ' --- |').join('')}`,
    ...rows.map((row) => `| ${row.feature} | ${columns.map((column) => cell(row.verdicts[column])).join(' | ')} |`),
  ]
}
