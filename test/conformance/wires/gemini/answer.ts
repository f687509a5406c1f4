// A whole answer of Gemini, read by the suite.
// https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
import type { FinishClass } from '../../../../src/ir/response.ts'
import { discoveryErrors } from '../../../support/discovery.ts'
import { list, number, record, says, text, type Json } from '../../../support/json.ts'
import { borneOut, dropNulls, withoutCustom, withoutPause } from '../views.ts'
import type { AnswerReader, AnswerView, UsageView } from '../wire.ts'

export const answers: AnswerReader = {
  view,
  sayable: (all) => {
    const said = withoutCustom(all)
    return { ...said, finish: withoutPause(said.finish), saidFinish: withoutPause(said.saidFinish) }
  },
  count: (body) => list(body['candidates']).length,
  problems,
  schemaErrors: (body) => discoveryErrors('GenerateContentResponse', body),
  normalise,
}

function view(body: Json): AnswerView {
  const candidate = record(list(body['candidates'])[0])
  const parts = list(record(candidate['content'])['parts']).map(record)
  const tools = parts
    .filter((part) => 'functionCall' in part)
    .map((part) => {
      const { id, name, args } = record(part['functionCall'])
      return { id: text(id), name: text(name), input: args ?? {} }
    })
  const blocked = says(record(body['promptFeedback'])['blockReason'])
  const finish = blocked ? 'filter' : borneOut(finishOf(candidate['finishReason']), tools)
  const join = (thought: boolean): string =>
    parts
      .filter((part) => (part['thought'] === true) === thought)
      .map((part) => text(part['text']))
      .join('')
  return {
    text: join(false),
    reasoning: join(true),
    tools,
    finish,
    // STOP is said of calls as well (wire-facts 29): its clients look for them in the parts.
    saidFinish: finish,
    usage: usageOf(body['usageMetadata']),
  }
}

const filtered = new Set(
  (
    'SAFETY RECITATION LANGUAGE BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT ' +
    'IMAGE_RECITATION MODEL_ARMOR'
  ).split(' '),
)

function finishOf(raw: unknown): FinishClass {
  if (raw === 'MAX_TOKENS') return 'length'
  if (filtered.has(text(raw))) return 'filter'
  return raw === 'STOP' || raw === undefined ? 'stop' : 'other'
}

/** The prompt includes what was cached; the candidates exclude thoughts (wire-facts 38, 39); tool results are input. */
function usageOf(value: unknown): UsageView | undefined {
  const usage = record(value)
  // The chunks of Vertex that only name the kind of traffic count nothing (41).
  if (!('promptTokenCount' in usage)) return undefined
  const reasoning = number(usage['thoughtsTokenCount'])
  return {
    input: number(usage['promptTokenCount']) + number(usage['toolUsePromptTokenCount']),
    cached: number(usage['cachedContentTokenCount']),
    output: number(usage['candidatesTokenCount']) + reasoning,
    reasoning,
  }
}

function problems(body: Json): string[] {
  const found = discoveryErrors('GenerateContentResponse', body)
  if (text(body['responseId']) === '' || text(body['modelVersion']) === '') found.push('no responseId or modelVersion')
  const candidates = list(body['candidates']).map(record)
  if (candidates.length === 0) found.push('no candidates')
  for (const candidate of candidates) {
    if (!says(candidate['finishReason'])) found.push('no finishReason')
    const content = record(candidate['content'])
    if (Object.keys(content).length > 0 && content['role'] !== 'model') found.push('no role')
    for (const part of list(content['parts']).map(record)) found.push(...partProblems(part))
  }
  return found
}

const data = 'text inlineData functionCall functionResponse fileData executableCode codeExecutionResult'.split(' ')

/** What is wrong with a part of an answer. */
export function partProblems(part: Json): string[] {
  const kinds = data.filter((key) => key in part)
  if (kinds.length !== 1) return [`a part of ${kinds.length} kinds`]
  if (part['text'] === '' && !says(part['thoughtSignature'])) return ['an empty part without a signature']
  const call = record(part['functionCall'])
  if (!('functionCall' in part)) return []
  const named = says(call['name']) ? [] : ['a functionCall without name']
  return typeof call['args'] === 'object' || call['args'] === undefined ? named : [...named, 'args are no object']
}

/** Absent ≡ null, and the first candidate need not be told that it is. */
export function normalise(body: Json): Json {
  const candidates = list(body['candidates'])
    .map(record)
    .map((candidate, index) => ({ index, ...candidate }))
  return dropNulls({ ...body, ...(Array.isArray(body['candidates']) && { candidates }) }) as Json
}
