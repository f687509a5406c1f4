// Layer 9: what a translation reports, it reports by places of the body it came from. Every loss and every refusal of a
// request names something that the client wrote, and every loss of an answer something that the provider wrote.
import { expect } from 'vitest'
import type { GenerativeId } from '../../src/dialects/index.ts'
import { pointerOf } from '../../src/ir/ledger.ts'
import { answerFeatures, type UpstreamId } from '../matrix/answer-features.ts'
import { plain, requestFeatures, type IngressId } from '../matrix/request-features.ts'
import { list, record, type Json } from '../support/json.ts'
import { answerCases, requestCases, type AnswerCase } from './corpus-cases.ts'
import {
  decodeRequest,
  decodeResponse,
  dialectIds,
  encodeResponse,
  exchangeFor,
  others,
  sentTo,
  targetModel,
  tryEncodeRequest,
} from './harness.ts'
import { layer } from './layer.ts'
import type { Sent } from './wires/wire.ts'

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII='
const schema = { type: 'object', properties: { count: { type: 'integer', multipleOf: 2, exclusiveMinimum: 0 } } }
const manyStops = ['a', 'b', 'c', 'd', 'e', 'f', ' ']
const hugeSeed = 2 ** 40

/**
 * Requests that say all that their wire can say beside what other wires refuse, in every spelling that it has. Each holds
 * something that another wire has no word for at every place that a codec knows.
 */
const rich: Readonly<Record<GenerativeId, readonly Json[]>> = {
  'openai-chat': [
    {
      model: 'm',
      messages: [
        {
          role: 'system',
          name: 'rules',
          content: 'be brief',
          cache_control: { type: 'ephemeral', ttl: '1h', scope: 'x' },
        },
        { role: 'developer', content: [{ type: 'text', text: 'be kind', prompt_cache_breakpoint: {} }] },
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'text', text: 'look', cache_control: { type: 'ephemeral' }, vendor: 1 },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}`, detail: 'high', vendor: 1 } },
            { type: 'text', text: ' ' },
          ],
        },
        {
          role: 'assistant',
          content: 'I see ',
          refusal: 'but no',
          reasoning_content: 'hm',
          annotations: [{ type: 'url_citation', url_citation: { url: 'https://example.com/' } }],
          tool_calls: [
            {
              id: 'a b',
              type: 'function',
              function: { name: 'look up', arguments: '{}' },
              extra_content: { google: { thought_signature: 'c2lnbmVk' } },
              vendor: 1,
            },
          ],
        },
        {
          role: 'tool',
          tool_call_id: 'a b',
          content: [{ type: 'text', text: '', cache_control: { type: 'ephemeral' } }],
        },
        { role: 'assistant', content: null, reasoning_details: [{ type: 'reasoning.text', text: 'hm', index: 0 }] },
        { role: 'system', content: 'later' },
        { role: 'assistant', content: 'so ' },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'look up', parameters: schema, strict: true, vendor: 1 },
          cache_control: { type: 'ephemeral' },
        },
        { type: 'web_search' },
      ],
      tool_choice: 'none',
      parallel_tool_calls: false,
      max_tokens: 8,
      temperature: 2,
      top_p: 0.5,
      top_k: 3,
      stop: manyStops,
      seed: hugeSeed,
      frequency_penalty: 1,
      presence_penalty: 1,
      reasoning_effort: 'minimal',
      response_format: { type: 'json_object' },
      user: 'u',
      metadata: { run: '7' },
      logprobs: true,
      stream: true,
      stream_options: { include_usage: true, vendor: 1 },
    },
    {
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      functions: [{ name: 'f', parameters: schema, strict: true }],
      function_call: 'none',
      max_completion_tokens: 4000,
      reasoning_effort: 'high',
      temperature: 0.5,
      top_p: 0.5,
      response_format: { type: 'json_schema', json_schema: { name: 'p', description: 'd', schema, strict: true } },
    },
  ],
  'openai-responses': [
    {
      model: 'm',
      instructions: 'be brief',
      input: [
        { role: 'system', content: [{ type: 'input_text', text: 'be kind', prompt_cache_breakpoint: {} }], vendor: 1 },
        {
          role: 'user',
          vendor: 1,
          content: [
            { type: 'input_text', text: 'look', prompt_cache_breakpoint: {}, vendor: 1 },
            { type: 'input_image', image_url: `data:image/png;base64,${pixel}`, detail: 'high' },
          ],
        },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }] },
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [
            {
              type: 'output_text',
              text: 'I see',
              annotations: [{ type: 'file_citation', file_id: 'file_1', index: 0, filename: 'a.txt' }],
            },
            { type: 'refusal', refusal: 'but no' },
          ],
        },
        { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
        { type: 'function_call', call_id: 'a b', name: 'look up', arguments: '{}', vendor: 1 },
        { type: 'function_call_output', call_id: 'a b', output: [{ type: 'input_text', text: '', vendor: 1 }] },
        { role: 'developer', content: 'later' },
        { role: 'assistant', content: 'so ' },
      ],
      tools: [
        { type: 'function', name: 'look up', parameters: schema, strict: true, vendor: 1 },
        { type: 'web_search', search_context_size: 'low' },
      ],
      tool_choice: 'none',
      parallel_tool_calls: false,
      max_output_tokens: 8,
      temperature: 2,
      top_p: 0.5,
      reasoning: { effort: 'minimal', summary: 'auto' },
      text: { format: { type: 'json_object' }, verbosity: 'low' },
      safety_identifier: 'u',
      metadata: { run: '7' },
      include: ['message.output_text.logprobs'],
      stream: true,
    },
    {
      model: 'm',
      input: 'hi',
      user: 'u',
      max_output_tokens: 4000,
      temperature: 0.5,
      top_p: 0.5,
      reasoning: { effort: 'high' },
      text: { format: { type: 'json_schema', name: 'p', description: 'd', schema, strict: true } },
    },
  ],
  'openai-completions': [
    {
      model: 'm',
      prompt: ['hi'],
      max_tokens: 8,
      temperature: 2,
      top_p: 0.5,
      top_k: 3,
      stop: manyStops,
      seed: hugeSeed,
      frequency_penalty: 1,
      presence_penalty: 1,
      best_of: 3,
      logit_bias: { 50256: -100 },
      user: 'u',
      stream: true,
      stream_options: { include_usage: true, vendor: 1 },
    },
  ],
  'anthropic-messages': [
    {
      model: 'm',
      max_tokens: 8000,
      system: [{ type: 'text', text: 'be brief', cache_control: { type: 'ephemeral', ttl: '1h', scope: 'x' } }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look', cache_control: { type: 'ephemeral' }, vendor: 1 },
            {
              type: 'document',
              title: 'a.b!',
              context: 'about it',
              citations: { enabled: true },
              source: { type: 'text', media_type: 'text/plain', data: 'words' },
              cache_control: { type: 'ephemeral' },
            },
            { type: 'text', text: ' ' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: '' },
            { type: 'redacted_thinking', data: 'b3BhcXVl' },
            { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } },
            {
              type: 'text',
              text: 'I see',
              citations: [{ type: 'page_location', cited_text: 'words', document_index: 0, document_title: null }],
            },
            {
              type: 'tool_use',
              id: 'toolu_1',
              name: 'look_up',
              input: {},
              cache_control: { type: 'ephemeral' },
              caller: { type: 'code_execution_20250825', tool_id: 'srvtoolu_1' },
            },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'toolu_1',
              is_error: true,
              cache_control: { type: 'ephemeral' },
              content: [
                { type: 'text', text: 'no', cache_control: { type: 'ephemeral' } },
                { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } },
              ],
            },
          ],
        },
        { role: 'system', content: 'later' },
        { role: 'assistant', content: 'so ' },
      ],
      tools: [
        { name: 'look_up', input_schema: schema, strict: true, cache_control: { type: 'ephemeral' }, vendor: 1 },
        { type: 'web_search_20250305', name: 'web_search' },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      temperature: 0.5,
      top_p: 0.5,
      top_k: 3,
      stop_sequences: manyStops,
      thinking: { type: 'enabled', budget_tokens: 4097, display: 'omitted' },
      output_config: { effort: 'high', format: { type: 'json_schema', schema } },
      metadata: { user_id: 'u', vendor: 1 },
      service_tier: 'auto',
    },
    {
      model: 'm',
      max_tokens: 8,
      messages: [{ role: 'user', content: 'hi' }],
      tools: [{ name: 'look_up', input_schema: schema }],
      tool_choice: { type: 'none' },
      thinking: { type: 'disabled' },
      output_config: { effort: 'max' },
      output_format: { type: 'json_schema', schema },
    },
    {
      model: 'm',
      max_tokens: 8,
      messages: [{ role: 'user', content: 'hi' }],
      thinking: { type: 'enabled', budget_tokens: 1024 },
    },
    { model: 'm', max_tokens: 8, messages: [{ role: 'user', content: 'hi' }], thinking: { type: 'adaptive' } },
  ],
  gemini: [
    {
      contents: [
        {
          role: 'user',
          parts: [
            { text: 'look' },
            {
              inlineData: { mimeType: 'text/plain', data: 'd29yZHM=', displayName: 'a.b!' },
              mediaResolution: { level: 'x' },
            },
            { fileData: { mimeType: 'image/png', fileUri: 'https://example.com/a.png' } },
            { text: ' ' },
          ],
        },
        {
          role: 'model',
          parts: [
            { text: 'hm', thought: true },
            { text: 'I see', thoughtSignature: 'c2lnbmVk' },
            { executableCode: { language: 'PYTHON', code: '1' } },
            { functionCall: { name: 'look up', args: {} }, thoughtSignature: 'c2lnbmVk' },
          ],
        },
        {
          role: 'user',
          parts: [{ functionResponse: { name: 'look up', response: { error: 'no' }, scheduling: 'SILENT' } }],
        },
        { role: 'model', parts: [{ text: 'so ' }] },
      ],
      systemInstruction: { parts: [{ text: 'be brief' }] },
      tools: [
        { functionDeclarations: [{ name: 'look up', parameters: { type: 'OBJECT' }, behavior: 'BLOCKING' }] },
        { googleSearch: {} },
      ],
      toolConfig: { functionCallingConfig: { mode: 'NONE' }, retrievalConfig: { languageCode: 'en' } },
      generationConfig: {
        maxOutputTokens: 8,
        temperature: 2,
        topP: 0.5,
        topK: 3,
        stopSequences: manyStops,
        seed: hugeSeed,
        frequencyPenalty: 1,
        presencePenalty: 1,
        responseMimeType: 'application/json',
        thinkingConfig: { thinkingLevel: 'MINIMAL', includeThoughts: true },
        responseLogprobs: true,
      },
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
      labels: { run: '7' },
    },
    {
      contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
      generationConfig: {
        maxOutputTokens: 4000,
        responseMimeType: 'application/json',
        responseSchema: { type: 'OBJECT', properties: { count: { type: 'INTEGER', minimum: 1 } } },
        thinkingConfig: { thinkingBudget: 5000 },
      },
    },
    {
      contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
      generationConfig: { thinkingConfig: { thinkingBudget: -1 } },
    },
    {
      contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
      generationConfig: { thinkingConfig: { includeThoughts: true } },
    },
    {
      system_instruction: { parts: [{ text: 'be brief' }] },
      contents: [
        {
          role: 'user',
          parts: [
            { text: 'look' },
            { inline_data: { mime_type: 'text/plain', data: 'd29yZHM=', display_name: 'a.b!' } },
          ],
        },
        { role: 'model', parts: [{ function_call: { name: 'f', args: {} }, thought_signature: 'c2lnbmVk' }] },
        { role: 'user', parts: [{ function_response: { name: 'f', response: { error: 'no' } } }] },
      ],
      tools: [{ function_declarations: [{ name: 'f', parameters_json_schema: { ...schema, default: {} } }] }],
      tool_config: { function_calling_config: { mode: 'NONE' } },
      generation_config: {
        max_output_tokens: 8,
        top_p: 0.5,
        top_k: 3,
        stop_sequences: manyStops,
        frequency_penalty: 1,
        presence_penalty: 1,
        response_mime_type: 'application/json',
        response_json_schema: schema,
        thinking_config: { thinking_budget: 5000, include_thoughts: true },
      },
    },
  ],
  'bedrock-converse': [
    {
      system: [{ text: 'be brief' }, { cachePoint: { type: 'default', ttl: '1h' } }],
      messages: [
        {
          role: 'user',
          content: [
            { text: 'look' },
            { cachePoint: { type: 'default' } },
            {
              document: {
                format: 'txt',
                name: 'a b',
                context: 'about it',
                citations: { enabled: true },
                source: { text: 'words' },
              },
            },
            { text: ' ' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'hm' } } },
            { reasoningContent: { redactedContent: 'YjNCaGNYVmw=' } },
            { citationsContent: { content: [{ text: 'I see' }], citations: [{ title: 'a' }] } },
            { toolUse: { toolUseId: 'tooluse_1', name: 'look_up', input: {} } },
            { cachePoint: { type: 'default' } },
          ],
        },
        {
          role: 'user',
          content: [
            {
              toolResult: {
                toolUseId: 'tooluse_1',
                status: 'error',
                content: [{ text: 'no' }, { image: { format: 'png', source: { bytes: pixel } } }],
              },
            },
            { cachePoint: { type: 'default' } },
          ],
        },
        { role: 'assistant', content: [{ text: 'so ' }] },
      ],
      toolConfig: {
        tools: [
          { toolSpec: { name: 'look_up', inputSchema: { json: schema }, strict: true } },
          { cachePoint: { type: 'default' } },
          { systemTool: { name: 'nova_grounding' } },
        ],
        toolChoice: { auto: {} },
      },
      inferenceConfig: { maxTokens: 8000, temperature: 0.5, topP: 0.5, stopSequences: manyStops },
      additionalModelRequestFields: {
        thinking: { type: 'enabled', budget_tokens: 4097, display: 'omitted' },
        top_k: 3,
        tool_choice: { type: 'auto', disable_parallel_tool_use: true },
        anthropic_beta: ['x'],
      },
      outputConfig: {
        effort: 'high',
        textFormat: {
          type: 'json_schema',
          structure: { jsonSchema: { schema: JSON.stringify(schema), name: 'p', description: 'd' } },
        },
      },
      requestMetadata: { run: '7' },
    },
    ...[
      { reasoning_config: { type: 'enabled', budget_tokens: 4097 } },
      { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' }, inferenceConfig: { topK: 3 } },
      { reasoning_effort: 'minimal' },
      { reasoning: { effort: 'xhigh' } },
      { output_config: { effort: 'max' } },
      { thinking: { type: 'adaptive' } },
      { thinking: { type: 'disabled' }, output_config: { effort: 'max' } },
    ].map((additionalModelRequestFields) => ({
      messages: [{ role: 'user', content: [{ text: 'hi' }] }],
      inferenceConfig: { maxTokens: 8 },
      additionalModelRequestFields,
    })),
  ],
}

/** What is refused almost everywhere: a part or a member over a plain request. */
const refused: Readonly<Record<GenerativeId, readonly Json[]>> = {
  'openai-chat': [
    { n: 2 },
    { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file_1' } }] }] },
    { messages: [{ role: 'user', content: '' }] },
    { messages: [{ role: 'system', content: 'alone' }] },
    {
      messages: [{ role: 'system', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }],
    },
    {
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'tool', tool_call_id: 'call_1', content: 'of no call' },
      ],
    },
    {
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: 'no JSON' } }],
        },
      ],
    },
    { tools: [{ type: 'custom', custom: { name: 'shell' } }] },
    { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'string' } } }] },
    { tools: [{ type: 'web_search' }], tool_choice: 'required' },
    {
      functions: [{ name: 'f' }],
      function_call: { name: 'f' },
      tool_choice: { type: 'allowed_tools', allowed_tools: {} },
    },
    { functions: [{ name: 'f' }], function_call: 'any thing' },
  ],
  'openai-responses': [
    { previous_response_id: 'resp_1' },
    { input: [{ type: 'item_reference', id: 'msg_1' }] },
    { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file_1' }] }] },
    { tools: [{ type: 'custom', name: 'shell' }] },
    { tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search' } },
  ],
  'openai-completions': [{ prompt: ['a', 'b'] }, { prompt: [1, 2] }, { suffix: 'x' }, { echo: true }, { n: 2 }],
  'anthropic-messages': [
    { messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: 'file_1' } }] }] },
    { messages: [{ role: 'user', content: [{ type: 'container_upload', file_id: 'file_1' }] }] },
    { tools: [{ type: 'web_search_20250305', name: 'web_search' }], tool_choice: { type: 'tool', name: 'web_search' } },
    { output_config: { format: { type: 'json_schema', schema } } },
    { output_format: { type: 'json_schema', schema } },
  ],
  gemini: [
    { cachedContent: 'cachedContents/abc' },
    { cached_content: 'cachedContents/abc' },
    { generationConfig: { candidateCount: 2 } },
    { generation_config: { candidate_count: 2 } },
    { contents: [{ role: 'user', parts: [{ fileData: { fileUri: 'gs://bucket/a.pdf' } }] }] },
    { tools: [{ googleSearch: {} }], toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
    { tool_config: { function_calling_config: { mode: 'ANY', allowed_function_names: ['a', 'b'] } } },
  ],
  'bedrock-converse': [
    { promptVariables: { x: { text: '1' } } },
    {
      messages: [
        { role: 'user', content: [{ video: { format: 'mp4', source: { s3Location: { uri: 's3://b/a.mp4' } } } }] },
      ],
    },
    { messages: [{ role: 'user', content: [{ guardContent: { text: { text: 'x' } } }] }] },
    { toolConfig: { tools: [{ systemTool: { name: 'nova_grounding' } }], toolChoice: { any: {} } } },
  ],
}

const bare: Readonly<Record<GenerativeId, Json>> = {
  ...plain,
  'openai-completions': { model: 'm', prompt: 'hi' },
  'bedrock-converse': { messages: [{ role: 'user', content: [{ text: 'hi' }] }] },
}

/** Models of a wire that are told the same thing in different words. */
const models: Readonly<Partial<Record<GenerativeId, readonly string[]>>> = {
  gemini: ['gemini-3-pro-preview', 'gemini-2.5-flash', 'gemini-2.0-flash'],
  'bedrock-converse': ['us.amazon.nova-2-lite-v1:0', 'openai.gpt-oss-120b-1:0', 'meta.llama3-70b-instruct-v1:0'],
}

/** Whether a JSON pointer leads to something. */
function leads(body: unknown, pointer: string): boolean {
  const steps = pointer.split('/').slice(1)
  let at: unknown = body
  for (const step of steps) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return false
    at = Array.isArray(at) ? list(at)[Number(name)] : record(at)[name]
  }
  return steps.length > 0
}

/** The places that a translation names and that the body does not have. */
function misplaced(from: GenerativeId, to: GenerativeId, sent: Sent): string[] {
  const request = decodeRequest(from, sent)
  return [targetModel(to), ...(models[to] ?? [])].flatMap((model) => {
    const outcome = tryEncodeRequest(to, request, model)
    const paths = outcome.ok ? outcome.value.losses.map(({ path }) => path) : [outcome.error.param ?? 'no param']
    return paths.filter((path) => !leads(sent.body, pointerOf(sent.body, path)))
  })
}

/** The features of the table of translations, each over a plain request. */
function featureRequests(dialect: GenerativeId): Sent[] {
  if (!(dialect in plain)) return []
  const ingress = dialect as IngressId
  return requestFeatures.flatMap(({ on }) => {
    const fragment = on[ingress]
    return fragment === undefined ? [] : [sentTo(dialect, { ...plain[ingress], ...fragment })]
  })
}

/** The places that the translation of an answer names and that the provider's body does not have. */
function misplacedAnswer(to: GenerativeId, { dialect, body }: Pick<AnswerCase, 'dialect' | 'body'>): string[] {
  const { losses } = encodeResponse(to, decodeResponse(dialect, body), exchangeFor(to, dialect))
  return losses.map(({ path }) => path).filter((path) => !leads(body, pointerOf(body, path)))
}

function featureAnswers(dialect: GenerativeId): Json[] {
  return answerFeatures.flatMap(({ on }) => {
    const body = on[dialect as UpstreamId]
    return body === undefined ? [] : [{ ...body }]
  })
}

layer('loss places', ({ check, skip }) => {
  const recorded = requestCases(skip)
  // A stream has no places of its own: its losses go by those of a whole answer.
  const answers = answerCases(skip).filter(({ frames }) => frames === undefined)
  for (const from of dialectIds) {
    const bodies = [
      ...recorded.filter(({ dialect }) => dialect === from).map(({ sent }) => sent),
      ...featureRequests(from),
      ...rich[from].map((body) => sentTo(from, body)),
      ...refused[from].map((body) => sentTo(from, { ...bare[from], ...body })),
    ]
    const said = [
      ...answers.filter(({ dialect }) => dialect === from),
      ...featureAnswers(from).map((body) => ({ dialect: from, body })),
    ]
    for (const to of others(from)) {
      check(`requests name what the client wrote · ${from} → ${to}`, { dialect: from, target: to }, () => {
        expect([...new Set(bodies.flatMap((sent) => misplaced(from, to, sent)))]).toEqual([])
      })
      check(`answers name what the provider wrote · ${from} → ${to}`, { dialect: from, target: to }, () => {
        expect([...new Set(said.flatMap((answer) => misplacedAnswer(to, answer)))]).toEqual([])
      })
    }
  }
})
