// What a tool answered: an object on this wire, text everywhere else. Owns the two-way reading; loses nothing either way.
// https://ai.google.dev/api/caching#FunctionResponse
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Members } from './extras.ts'

export interface ResultText {
  readonly text: string
  readonly isError?: true
}

/** The text of a `response`: what stands alone under `output` or `error`, else the object as JSON. */
export function decodeResult(response: unknown): ResultText | undefined {
  if (response === undefined || response === null) return undefined
  const wrapped = wrappedText(response)
  return wrapped ?? { text: JSON.stringify(response) }
}

/** The `response` for a text. A JSON object stands for itself where it would come back letter by letter. */
export function encodeResult({ text, isError }: ResultText): Members {
  if (isError === true) return { error: text }
  const value = parseJson(text)
  const stands = isObject(value) && JSON.stringify(value) === text && wrappedText(value) === undefined
  return stands ? value : { output: text }
}

function wrappedText(response: unknown): ResultText | undefined {
  if (!isObject(response) || Object.keys(response).length !== 1) return undefined
  const { output, error } = response
  if (typeof output === 'string') return { text: output }
  return typeof error === 'string' ? { text: error, isError: true } : undefined
}
