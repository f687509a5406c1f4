// The signature of a tool call: Google's `extra_content`, which its clients send back and other providers do not know.
// https://ai.google.dev/gemini-api/docs/thought-signatures#openai
import { isObject } from '../../wire/json-parse.ts'
import { textOf } from '../kit/present.ts'
import type { Members } from './extras.ts'

/** The signature in an entry of `tool_calls`, and the entry without it. */
export function splitSignature(entry: Members): { readonly signature: string | undefined; readonly rest: Members } {
  const { extra_content: content, ...rest } = entry
  if (!isObject(content) || !isObject(content['google'])) return { signature: undefined, rest: entry }
  const { google, ...others } = content
  const { thought_signature: signature, ...more } = google as Members
  if (textOf(signature) === undefined) return { signature: undefined, rest: entry }
  const left = { ...others, ...(Object.keys(more).length > 0 && { google: more }) }
  return {
    signature: textOf(signature),
    rest: { ...rest, ...(Object.keys(left).length > 0 && { extra_content: left }) },
  }
}

/** An entry with a signature in it. */
export function withSignature(entry: Members, signature: string | undefined): Members {
  if (textOf(signature) === undefined) return entry
  const { extra_content: content } = entry
  const { google, ...others } = isObject(content) ? content : { google: undefined }
  return {
    ...entry,
    extra_content: { ...others, google: { ...(isObject(google) ? google : {}), thought_signature: signature } },
  }
}
