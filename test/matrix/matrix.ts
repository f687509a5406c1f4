// The table of what survives which translation, read off the codecs themselves: every feature is laid over a plain
// request, translated, and judged by the losses that the plain request does not have.
import { dialects, type GenerativeId } from '../../src/dialects/index.ts'
import { translateRequest } from '../../src/engine/translation.ts'
import { pointerOf } from '../../src/ir/ledger.ts'
import { readJson } from '../../src/wire/json-scan.ts'
import { plainFacts } from '../support/facts.ts'
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
export function answerRows(upstream: UpstreamId): Row[] {
  return answerFeatures
    .filter((feature) => feature.on[upstream] !== undefined)
    .map(({ name, on }) => ({
      feature: name,
      verdicts: Object.fromEntries(ingresses.map((to) => [to, judgeAnswer(upstream, to, on[upstream] ?? {})])),
    }))
}

function judgeAnswer(from: UpstreamId, to: IngressId, body: Body): Verdict {
  if (from === to) return 'bytes'
  const decoded = dialects[from].decodeResponse(body)
  if (!decoded.ok) return 'refused'
  const { losses } = dialects[to].encodeResponse(decoded.value, {
    requestId: 'req_matrix',
    model: models[from],
    createdAt: 1,
    upstream: from,
    facts: plainFacts({ dialect: to, wantsUsage: true }),
  })
  return worst(losses.filter((loss) => pointerOf(body, loss.path) !== '').map((loss) => loss.action))
}

const signs: Readonly<Record<Verdict, string>> = {
  bytes: 'bytes',
  mapped: 'yes',
  approximated: 'near',
  dropped: 'lost',
  refused: '4xx',
}

/** The tables as Markdown. */
export function renderMatrix(): string {
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
    'Losses stand in `x-signalbox-losses` and in the trace; `x-signalbox-fidelity: strict` turns every one of them into a 422.',
    '',
  ]
  for (const ingress of ingresses)
    parts.push(`## Requests of ${ingress} clients`, '', ...table(requestRows(ingress), upstreams), '')
  for (const upstream of upstreams)
    parts.push(`## Answers of ${upstream} upstreams`, '', ...table(answerRows(upstream), ingresses), '')
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
