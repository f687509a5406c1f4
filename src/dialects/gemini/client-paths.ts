// What a foreign client calls the things that this wire may lose: a loss names the place in the client's own body.
import type { DialectId } from '../../ir/dialect-id.ts'

export interface ClientPaths {
  /** Below a tool. */
  readonly toolSchema: string
  readonly toolStrict: string
  readonly toolChoice: string
  readonly parallel: string
  readonly effort: string
  readonly reasoning: string
  /** Of the output format's schema. */
  readonly outputSchema: string
  readonly stop: string
  readonly user: string
  /** Of a file, below its part. */
  readonly fileName: string
}

const chat: ClientPaths = {
  toolSchema: 'function.parameters',
  toolStrict: 'function.strict',
  toolChoice: 'tool_choice',
  parallel: 'parallel_tool_calls',
  effort: 'reasoning_effort',
  reasoning: 'reasoning',
  outputSchema: 'response_format.json_schema.schema',
  stop: 'stop',
  user: 'user',
  fileName: 'file.filename',
}

const anthropic: ClientPaths = {
  toolSchema: 'input_schema',
  toolStrict: 'strict',
  toolChoice: 'tool_choice',
  parallel: 'tool_choice.disable_parallel_tool_use',
  effort: 'output_config.effort',
  reasoning: 'thinking',
  outputSchema: 'output_config.format.schema',
  stop: 'stop_sequences',
  user: 'metadata.user_id',
  fileName: 'title',
}

const paths: Readonly<Record<DialectId, ClientPaths>> = {
  'openai-chat': chat,
  'openai-completions': chat,
  'openai-embeddings': chat,
  'openai-responses': {
    ...chat,
    toolSchema: 'parameters',
    toolStrict: 'strict',
    effort: 'reasoning.effort',
    outputSchema: 'text.format.schema',
    fileName: 'filename',
  },
  'anthropic-messages': anthropic,
  'bedrock-converse': {
    ...anthropic,
    toolSchema: 'toolSpec.inputSchema.json',
    toolStrict: 'toolSpec.strict',
    toolChoice: 'toolConfig.toolChoice',
    parallel: 'toolConfig.toolChoice',
    outputSchema: 'outputConfig.textFormat.structure.jsonSchema.schema',
    stop: 'inferenceConfig.stopSequences',
    user: 'requestMetadata',
    fileName: 'document.name',
  },
  gemini: {
    toolSchema: 'parametersJsonSchema',
    toolStrict: 'strict',
    toolChoice: 'toolConfig.functionCallingConfig',
    parallel: 'toolConfig',
    effort: 'generationConfig.thinkingConfig.thinkingLevel',
    reasoning: 'generationConfig.thinkingConfig',
    outputSchema: 'generationConfig.responseJsonSchema',
    stop: 'generationConfig.stopSequences',
    user: 'labels',
    fileName: 'displayName',
  },
}

/** The names that a client of this wire uses. */
export function clientPaths(source: DialectId): ClientPaths {
  return paths[source]
}
