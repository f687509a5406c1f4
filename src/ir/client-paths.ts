// What every wire calls the things that a translation may lose: a loss names the place in the client's own body, and not
// what the provider would call it. Owns the names; which of two a client used, its decoder says in `IrRequest.at`.
import type { DialectId } from './dialect-id.ts'
import type { ClientPaths, IrRequest } from './request.ts'

// Also what stands for a thing that a wire has no word for: its clients cannot ask for it, so nobody reports it.
const chat: ClientPaths = {
  maxOutputTokens: 'max_completion_tokens',
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  stop: 'stop',
  seed: 'seed',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  toolChoice: 'tool_choice',
  parallelToolCalls: 'parallel_tool_calls',
  reasoning: 'reasoning_effort',
  budgetTokens: 'reasoning_effort',
  effort: 'reasoning_effort',
  output: 'response_format',
  outputSchema: 'response_format.json_schema.schema',
  outputDescription: 'response_format.json_schema.description',
  choices: 'n',
  user: 'user',
  citations: 'annotations',
  // Of a call; reasoning keeps its own.
  signature: 'extra_content',
  detail: 'image_url.detail',
  isError: 'is_error',
  inlineName: 'file.filename',
  linkedName: 'file.filename',
  context: 'context',
  cite: 'citations',
  schema: 'function.parameters',
  strict: 'function.strict',
}

const anthropic: ClientPaths = {
  ...chat,
  maxOutputTokens: 'max_tokens',
  stop: 'stop_sequences',
  parallelToolCalls: 'tool_choice.disable_parallel_tool_use',
  reasoning: 'thinking',
  budgetTokens: 'thinking.budget_tokens',
  effort: 'output_config.effort',
  output: 'output_config.format',
  outputSchema: 'output_config.format.schema',
  user: 'metadata.user_id',
  citations: 'citations',
  signature: 'signature',
  inlineName: 'title',
  linkedName: 'title',
  schema: 'input_schema',
  strict: 'strict',
}

const bedrock: ClientPaths = {
  ...anthropic,
  maxOutputTokens: 'inferenceConfig.maxTokens',
  temperature: 'inferenceConfig.temperature',
  topP: 'inferenceConfig.topP',
  topK: 'additionalModelRequestFields.top_k',
  stop: 'inferenceConfig.stopSequences',
  toolChoice: 'toolConfig.toolChoice',
  parallelToolCalls: 'additionalModelRequestFields.tool_choice.disable_parallel_tool_use',
  reasoning: 'additionalModelRequestFields.thinking',
  budgetTokens: 'additionalModelRequestFields.thinking.budget_tokens',
  effort: 'outputConfig.effort',
  output: 'outputConfig.textFormat',
  outputSchema: 'outputConfig.textFormat.structure.jsonSchema.schema',
  outputDescription: 'outputConfig.textFormat.structure.jsonSchema.description',
  citations: 'citationsContent.citations',
  signature: 'reasoningContent.reasoningText.signature',
  isError: 'toolResult.status',
  inlineName: 'document.name',
  linkedName: 'document.name',
  context: 'document.context',
  cite: 'document.citations',
  schema: 'toolSpec.inputSchema.json',
  strict: 'toolSpec.strict',
}

const gemini: ClientPaths = {
  ...chat,
  maxOutputTokens: 'generationConfig.maxOutputTokens',
  temperature: 'generationConfig.temperature',
  topP: 'generationConfig.topP',
  topK: 'generationConfig.topK',
  stop: 'generationConfig.stopSequences',
  seed: 'generationConfig.seed',
  frequencyPenalty: 'generationConfig.frequencyPenalty',
  presencePenalty: 'generationConfig.presencePenalty',
  toolChoice: 'toolConfig.functionCallingConfig',
  reasoning: 'generationConfig.thinkingConfig',
  budgetTokens: 'generationConfig.thinkingConfig.thinkingBudget',
  effort: 'generationConfig.thinkingConfig.thinkingLevel',
  output: 'generationConfig.responseMimeType',
  outputSchema: 'generationConfig.responseJsonSchema',
  choices: 'generationConfig.candidateCount',
  citations: 'groundingMetadata',
  signature: 'thoughtSignature',
  isError: 'functionResponse.response.error',
  inlineName: 'inlineData.displayName',
  linkedName: 'fileData.displayName',
  schema: 'parametersJsonSchema',
}

const paths: Readonly<Record<DialectId, ClientPaths>> = {
  'openai-chat': chat,
  'openai-completions': { ...chat, maxOutputTokens: 'max_tokens' },
  'openai-embeddings': chat,
  'openai-responses': {
    ...chat,
    maxOutputTokens: 'max_output_tokens',
    reasoning: 'reasoning',
    effort: 'reasoning.effort',
    output: 'text.format',
    outputSchema: 'text.format.schema',
    outputDescription: 'text.format.description',
    signature: 'encrypted_content',
    detail: 'detail',
    inlineName: 'filename',
    linkedName: 'filename',
    schema: 'parameters',
    strict: 'strict',
  },
  'anthropic-messages': anthropic,
  gemini,
  'bedrock-converse': bedrock,
}

/** The places that a request's client used. */
export function clientPaths({ source, at }: Pick<IrRequest, 'source' | 'at'>): ClientPaths {
  return at === undefined ? paths[source] : { ...paths[source], ...at }
}
