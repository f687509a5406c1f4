// Layer 7: the same case captured on both wires. Our translation of one is compared with what people who knew the other
// wire wrote for it: messages, tools, tool choice, sampling, stop sequences, output format. Models, ids, wording and the
// default of max_tokens do not count.
import { expect } from 'vitest'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import { parallelFiles, parallelJson, type ParallelFile } from '../support/corpus.ts'
import { decodeRequest, dialectIds, encodeRequest, other } from './harness.ts'
import { list, record, text, type Json } from './json.ts'
import { layer } from './layer.ts'
import { viewRequest } from './request-view.ts'

/** What is compared, in words that belong to neither wire. */
interface Intent {
  readonly messages: readonly string[]
  readonly tools: unknown
  readonly toolChoice: unknown
  readonly oneCallAtATime: boolean
  readonly temperature: unknown
  readonly topP: unknown
  readonly stop: unknown
  readonly format: unknown
  readonly maxTokens: unknown
}

/** What two captures of a case say differently on purpose, so that it is left out of the comparison. */
const differences: Readonly<Record<string, { readonly leave: readonly (keyof Intent)[]; readonly why: string }>> = {
  fableTemperatureParam: { leave: ['temperature'], why: 'the Anthropic model takes no temperature: left out there' },
}

function intentOf(dialect: DialectId, body: Json): Intent {
  const isChat = dialect === 'openai-chat'
  const format = isChat ? record(body['response_format'])['json_schema'] : record(body['output_config'])['format']
  return {
    messages: turnsOf(dialect, body),
    tools: list(body['tools']).map((tool) => toolOf(isChat ? record(record(tool)['function']) : record(tool), isChat)),
    toolChoice: isChat ? chatChoice(body['tool_choice']) : anthropicChoice(record(body['tool_choice'])),
    oneCallAtATime: isChat
      ? body['parallel_tool_calls'] === false
      : record(body['tool_choice'])['disable_parallel_tool_use'] === true,
    temperature: body['temperature'],
    topP: body['top_p'],
    stop: isChat ? body['stop'] : body['stop_sequences'],
    format: record(format)['schema'],
    maxTokens: isChat ? (body['max_completion_tokens'] ?? body['max_tokens']) : body['max_tokens'],
  }
}

/** Roles and kinds in order. Text beside a call is wording: some models say something before they call. */
function turnsOf(dialect: DialectId, body: Json): string[] {
  const items = viewRequest(dialect, body)
  return items
    .filter((item, index) => {
      const next = items[index + 1]
      return !(item.role === 'assistant' && item.kind === 'text' && next?.kind === 'tool-call')
    })
    .map((item) => `${item.role} ${item.kind}`)
}

/** `strict` asks for a closed schema on one wire only, so closing it does not count. */
function toolOf(tool: Json, isChat: boolean): unknown {
  const { additionalProperties: _closed, ...schema } = record(isChat ? tool['parameters'] : tool['input_schema'])
  return { name: tool['name'], description: tool['description'], schema }
}

function chatChoice(choice: unknown): unknown {
  if (choice === undefined || choice === 'auto') return 'auto'
  return typeof choice === 'string' ? choice : text(record(record(choice)['function'])['name'])
}

function anthropicChoice(choice: Json): unknown {
  if (choice['type'] === undefined || choice['type'] === 'auto') return 'auto'
  if (choice['type'] === 'tool') return choice['name']
  return choice['type'] === 'any' ? 'required' : choice['type']
}

layer('parallel', ({ check }) => {
  const files = parallelFiles().filter((entry) => /\/(?:chat-completions|anthropic)\//.test(entry.file))
  for (const kind of ['request', 'followup-request'])
    for (const source of dialectIds) {
      const target = other(source)
      for (const entry of files.filter((file) => file.dialect === source && file.kind === kind)) {
        const twin = files.find((file) => file.dialect === target && file.kind === kind && file.name === entry.name)
        if (twin === undefined) continue
        check(`${source} → ${target} · ${entry.name}/${kind}`, () => {
          const written = intentOf(target, record(parallelJson(twin)))
          const body = record(parallelJson(entry))
          const translated = intentOf(target, encodeRequest(target, decodeRequest(source, body)).body)
          const leave = [...(differences[entry.name]?.leave ?? []), ...defaulted(source, body, target, twin)]
          for (const key of Object.keys(written) as (keyof Intent)[])
            if (!leave.includes(key)) expect(translated[key], key).toEqual(written[key])
        })
      }
    }
})

/** The limit is compared where both captures set one; Anthropic's wire always has it. */
function defaulted(source: DialectId, body: Json, target: DialectId, twin: ParallelFile): (keyof Intent)[] {
  const both = [intentOf(source, body), intentOf(target, record(parallelJson(twin)))]
  return both.every((intent) => intent.maxTokens !== undefined) ? [] : ['maxTokens']
}
