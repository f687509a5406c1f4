// Token counts of this wire, both ways. `promptTokenCount` includes what was read from a cache, `candidatesTokenCount`
// leaves out the thoughts, and what Google's own tools fed to the model is counted beside both.
// https://ai.google.dev/api/generate-content#UsageMetadata
import { totalInput, type Usage } from '../../ir/usage.ts'
import { isObject } from '../../wire/json-parse.ts'
import { countOf, present } from '../kit/present.ts'
import { asideOf, packOwn, unknownMembers, type Members } from './extras.ts'
import { camelKeys } from './names.ts'

const canonical = new Set([
  'promptTokenCount',
  'cachedContentTokenCount',
  'candidatesTokenCount',
  'thoughtsTokenCount',
  'totalTokenCount',
  'toolUsePromptTokenCount',
])

/** Decodes a usage record; undefined where there is none. Vertex sends one without any count before the last chunk. */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined
  const record = camelKeys(value)
  const prompt = countOf(record['promptTokenCount'])
  const toolUse = countOf(record['toolUsePromptTokenCount'])
  const thoughts = countOf(record['thoughtsTokenCount'])
  const said = countOf(record['candidatesTokenCount']) ?? leftOf(record, prompt, (toolUse ?? 0) + (thoughts ?? 0))
  const cached = countOf(record['cachedContentTokenCount'])
  const cacheRead = cached === undefined || prompt === undefined ? cached : Math.min(cached, prompt)
  return {
    ...present({
      input: sum(prompt === undefined ? undefined : prompt - (cacheRead ?? 0), toolUse),
      cacheRead,
      output: sum(said, thoughts),
      reasoning: thoughts,
    }),
    evidence: 'reported',
    extras: packOwn(unknownMembers(record, canonical), { usage: value }),
  }
}

/** The usage record of an answer; one that came from this wire goes back as it was. */
export function encodeUsage(usage: Usage): Members {
  const raw = asideOf(usage.extras).usage
  if (raw !== undefined) return raw
  const prompt = totalInput(usage)
  const { output, reasoning, cacheRead } = usage
  const candidates = output === undefined ? undefined : Math.max(0, output - (reasoning ?? 0))
  return present({
    promptTokenCount: prompt,
    cachedContentTokenCount: cacheRead,
    candidatesTokenCount: candidates,
    thoughtsTokenCount: reasoning,
    totalTokenCount: sum(prompt, output),
  })
}

/** A count of 0 is left out, as proto JSON does; the total tells it from one that is not known. */
function leftOf(record: Members, prompt: number | undefined, others: number): number | undefined {
  const total = countOf(record['totalTokenCount'])
  return total === undefined || prompt === undefined ? undefined : Math.max(0, total - prompt - others)
}

function sum(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined && right === undefined ? undefined : (left ?? 0) + (right ?? 0)
}
