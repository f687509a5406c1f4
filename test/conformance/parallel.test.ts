// Layer 7: the same case captured on several wires. Our translation of one is compared with what people who knew the
// other wire wrote for it: messages, tools, tool choice, sampling, stop sequences, output format. Models, ids, wording
// and the default of max_tokens do not count.
import { expect } from 'vitest'
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { Loss } from '../../src/ir/loss.ts'
import { parallelFiles } from '../support/corpus.ts'
import type { Json } from '../support/json.ts'
import { parallelRequest } from './corpus-cases.ts'
import { decodeRequest, dialectIds, others, tryEncodeRequest } from './harness.ts'
import { layer, Nothing } from './layer.ts'
import { wires } from './wires/index.ts'
import type { Concept, Intent } from './wires/wire.ts'

interface Comparable extends Intent {
  /** Roles and kinds in order. */
  readonly messages: readonly string[]
}

/** What two captures of a case say differently on purpose, so that it is left out of the comparison. */
const differences: Readonly<
  Record<string, { readonly leave: readonly (keyof Comparable)[]; readonly why: string } | undefined>
> = {
  'fableTemperatureParam/request': { leave: ['temperature'], why: 'the Anthropic model takes no temperature' },
  'fableTemperatureParam/followup-request': { leave: ['temperature'], why: 'the Anthropic model takes no temperature' },
  'jsonSchemaFormatParam/request': { leave: ['maxTokens'], why: 'another limit was captured for Anthropic' },
  'jsonSchemaFormatParam/followup-request': { leave: ['maxTokens'], why: 'another limit was captured for Anthropic' },
  'exclusiveMinimumToolParam/followup-request': { leave: ['messages'], why: 'one model called the tool, one did not' },
  'openAIMultipleReasoningSignaturesReplayParam/followup-request': {
    leave: ['messages'],
    why: 'one model answered in two messages, one in one',
  },
}

/** What a loss of a parameter may be called, where the target has no such parameter. */
const concepts: Readonly<Partial<Record<keyof Comparable, Concept>>> = {
  tools: 'tools',
  toolChoice: 'toolChoice',
  oneCallAtATime: 'toolChoice',
  temperature: 'temperature',
  topP: 'topP',
  topK: 'topK',
  seed: 'seed',
  stop: 'stop',
  format: 'format',
  maxTokens: 'limit',
  reasoning: 'reasoning',
}

function comparable(dialect: GenerativeId, body: Json): Comparable {
  return { ...wires[dialect].requests.intent(body), messages: turnsOf(dialect, body) }
}

/**
 * Text beside a call is wording: some models say something before they call. So is reasoning, and what a provider's own
 * tools did.
 */
function turnsOf(dialect: GenerativeId, body: Json): string[] {
  const items = wires[dialect].requests.view(body)
  return (
    items
      .filter((item, index) => {
        const next = items[index + 1]
        if (item.role === 'assistant' && (item.kind === 'reasoning' || item.kind === 'other')) return false
        return !(item.role === 'assistant' && item.kind === 'text' && next?.kind === 'tool-call')
      })
      .map((item) => `${item.role} ${item.kind}`)
      // How many pieces a text is in is wording too.
      .filter((line, index, lines) => !(line === 'assistant text' && lines[index - 1] === line))
  )
}

/** `strict` asks for a closed schema on one wire only, so closing it does not count. */
function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'additionalProperties')
      .map(([name, member]) => [name, opened(member)]),
  )
}

function isLost(name: keyof Comparable, losses: readonly Loss[], dialect: GenerativeId): boolean {
  const concept = concepts[name]
  if (concept === undefined) return false
  const names = Object.values(wires).flatMap((wire) => wire.requests.concepts[concept])
  return losses.some(({ path }) =>
    [...names, ...wires[dialect].requests.concepts[concept]].some((own) => path.startsWith(own)),
  )
}

layer('parallel', ({ check }) => {
  const files = parallelFiles()
  for (const kind of ['request', 'followup-request'])
    for (const source of dialectIds)
      for (const target of others(source))
        for (const entry of files.filter((file) => file.dialect === source && file.kind === kind)) {
          const twin = files.find((file) => file.dialect === target && file.kind === kind && file.name === entry.name)
          // One capture of a wire is enough: Vertex and Bedrock repeat what Anthropic's own says.
          const isFirst = files.find(
            (file) => file.dialect === source && file.kind === kind && file.name === entry.name,
          )
          if (twin === undefined || isFirst !== entry) continue
          const about = { dialect: source, target, exercises: [`parallel:${entry.name}`] }
          check(`${source} → ${target} · ${entry.name}/${kind}`, about, () => {
            const sent = parallelRequest(entry)
            const outcome = tryEncodeRequest(target, decodeRequest(source, sent))
            if (!outcome.ok) throw new Nothing('refused on the other wire, as the requests layer asserts')
            const original = comparable(source, sent.body)
            const written = comparable(target, parallelRequest(twin).body)
            const translated = comparable(target, outcome.value.sent.body)
            const leave = differences[`${entry.name}/${kind}`]?.leave ?? []
            for (const name of Object.keys(written) as (keyof Comparable)[]) {
              if (leave.includes(name) || differsAtSource(name, original, written)) continue
              if (isLost(name, outcome.value.losses, source)) continue
              expect(opened(translated[name]), name).toEqual(opened(written[name]))
            }
          })
        }
})

/** What only one of the two captures asks for: a limit that Anthropic's wire always has, a default said or not said. */
function differsAtSource(name: keyof Comparable, original: Comparable, written: Comparable): boolean {
  if (name === 'messages' || name === 'tools' || name === 'toolChoice' || name === 'oneCallAtATime') return false
  return (original[name] === undefined) !== (written[name] === undefined) || name === 'reasoning'
}
