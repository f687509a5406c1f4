// The registry of wire protocols: one line each. A test fails when a folder is missing here.
import { anthropicMessages } from './anthropic-messages/index.ts'
import type { Dialect } from './dialect.ts'
import { openaiChat } from './openai-chat/index.ts'
import type { DialectId } from '../ir/dialect-id.ts'

/** Every dialect by its id. */
export const dialects: Readonly<Record<DialectId, Dialect>> = {
  'openai-chat': openaiChat,
  'anthropic-messages': anthropicMessages,
}
