// The registry of wire protocols: one line each. A test fails when a folder is missing here.
import { anthropicMessages } from './anthropic-messages/index.ts'
import { bedrockConverse } from './bedrock-converse/index.ts'
import type { AnyDialect, Dialect, EmbeddingDialect } from './dialect.ts'
import { gemini } from './gemini/index.ts'
import { openaiChat } from './openai-chat/index.ts'
import { openaiCompletions } from './openai-completions/index.ts'
import { openaiEmbeddings } from './openai-embeddings/index.ts'
import { openaiResponses } from './openai-responses/index.ts'
import type { DialectId } from '../ir/dialect-id.ts'

/** The wires that models answer on. */
export type GenerativeId = Exclude<DialectId, 'openai-embeddings'>

/** Every dialect that models answer on, by its id. */
export const dialects: Readonly<Record<GenerativeId, Dialect>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'openai-completions': openaiCompletions,
  'anthropic-messages': anthropicMessages,
  gemini,
  'bedrock-converse': bedrockConverse,
}

/** Every dialect by its id. */
export const allDialects: Readonly<Record<DialectId, AnyDialect>> = {
  ...dialects,
  'openai-embeddings': openaiEmbeddings,
}

/** The dialect as one for embeddings; anything else is a bug. */
export function embeddingIngress(dialect: AnyDialect): EmbeddingDialect {
  if (!('streamDecoder' in dialect)) return dialect
  throw new Error(`${dialect.id} has no path for embeddings`)
}

/** The dialect as one that models answer on. A task of another kind never comes this far, so anything else is a bug. */
export function generative(dialect: AnyDialect): Dialect {
  if ('streamDecoder' in dialect) return dialect
  throw new Error(`${dialect.id} generates nothing`)
}
