// What a legal stream of this wire is: each choice a text and then its finish.
// https://platform.openai.com/docs/api-reference/completions/create#completions-create-stream
import type { StreamGrammar } from '../dialect.ts'
import { createChunkGrammar, type ChoiceRules } from '../openai-wire/chunk-grammar.ts'

const freeText: ChoiceRules = { step: () => undefined, finish: () => undefined }

/** A grammar for one stream. */
export function createStreamGrammar(): StreamGrammar {
  return createChunkGrammar({
    object: 'text_completion',
    member: { key: 'text', is: (value) => typeof value === 'string' },
    words: new Set(['stop', 'length', 'content_filter']),
    choice: () => freeText,
  })
}
