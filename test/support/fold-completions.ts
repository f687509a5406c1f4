// The chunks of a stream of OpenAI's legacy completions as one answer. Independent of the code under test.
import { list, record, says, text, type Json } from './json.ts'

/**
 * One `text_completion` of many: text grows by choice, everything else is what was said last.
 * @see https://platform.openai.com/docs/api-reference/completions
 */
export function foldCompletions(chunks: readonly Json[]): Json {
  const head: Json = {}
  const choices = new Map<number, Json>()
  for (const { choices: entries, obfuscation: _padding, ...rest } of chunks) {
    for (const [key, value] of Object.entries(rest)) if (says(value) || !(key in head)) head[key] = value
    for (const entry of list(entries).map(record)) {
      const at = Number(entry['index'])
      const choice = choices.get(at) ?? { index: at, text: '' }
      choices.set(at, choice)
      for (const [key, value] of Object.entries(entry)) {
        if (key === 'text') choice['text'] = text(choice['text']) + text(value)
        else if (key === 'logprobs') choice['logprobs'] = joinLogprobs(choice['logprobs'], value)
        else if (says(value) || !(key in choice)) choice[key] = value
      }
    }
  }
  const sorted = [...choices.values()].sort((left, right) => Number(left['index']) - Number(right['index']))
  return { ...head, choices: sorted }
}

function joinLogprobs(before: unknown, more: unknown): unknown {
  if (!says(more) || !says(before)) return says(more) ? more : before
  const joined: Json = { ...record(before) }
  for (const [key, value] of Object.entries(record(more)))
    joined[key] = Array.isArray(value) ? [...list(joined[key]), ...list(value)] : value
  return joined
}
