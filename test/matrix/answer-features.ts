// What an answer may hold, feature by feature, as each wire writes it. Written from the wires' documentation.

type Body = Readonly<Record<string, unknown>>

export type UpstreamId = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'gemini' | 'bedrock-converse'

export interface AnswerFeature {
  readonly name: string
  readonly on: Readonly<Partial<Record<UpstreamId, Body>>>
}

const chat = (message: Body, finish = 'stop', more: Body = {}): Body => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi', ...message }, finish_reason: finish }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  ...more,
})
const responses = (output: readonly Body[], more: Body = {}): Body => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  model: 'm',
  status: 'completed',
  output,
  usage: {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 15,
  },
  ...more,
})
const message = (...content: readonly Body[]): Body => ({
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content,
})
const outputText = (text: string, annotations: readonly Body[] = []): Body => ({
  type: 'output_text',
  text,
  annotations,
})
const messages = (content: readonly Body[], more: Body = {}): Body => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content,
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: 5 },
  ...more,
})
const gemini = (parts: readonly Body[], more: Body = {}, usage: Body = {}): Body => ({
  responseId: 'r1',
  modelVersion: 'm',
  candidates: [{ index: 0, content: { role: 'model', parts }, finishReason: 'STOP', ...more }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15, ...usage },
})
const bedrock = (content: readonly Body[], stopReason = 'end_turn', usage: Body = {}): Body => ({
  output: { message: { role: 'assistant', content } },
  stopReason,
  usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15, ...usage },
  metrics: { latencyMs: 1 },
})
const text = (value: string): Body => ({ type: 'text', text: value })

/** In the order in which the table shows them. */
export const answerFeatures: readonly AnswerFeature[] = [
  {
    name: 'text and usage',
    on: {
      'openai-chat': chat({}),
      'openai-responses': responses([message(outputText('hi'))]),
      'anthropic-messages': messages([text('hi')]),
      gemini: gemini([{ text: 'hi' }]),
      'bedrock-converse': bedrock([{ text: 'hi' }]),
    },
  },
  {
    name: 'tool call',
    on: {
      'openai-chat': chat(
        {
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{"city":"Rome"}' } }],
        },
        'tool_calls',
      ),
      'openai-responses': responses([
        {
          type: 'function_call',
          id: 'fc_1',
          call_id: 'call_1',
          name: 'look_up',
          arguments: '{"city":"Rome"}',
          status: 'completed',
        },
      ]),
      'anthropic-messages': messages([{ type: 'tool_use', id: 'toolu_1', name: 'look_up', input: { city: 'Rome' } }], {
        stop_reason: 'tool_use',
      }),
      gemini: gemini([{ functionCall: { name: 'look_up', args: { city: 'Rome' } } }]),
      'bedrock-converse': bedrock(
        [{ toolUse: { toolUseId: 'tooluse_1', name: 'look_up', input: { city: 'Rome' } } }],
        'tool_use',
      ),
    },
  },
  {
    name: 'reasoning in plain words',
    on: {
      'openai-chat': chat({ reasoning_content: 'let me see' }),
      'openai-responses': responses([
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'let me see' }] },
        message(outputText('hi')),
      ]),
      gemini: gemini([{ text: 'let me see', thought: true }, { text: 'hi' }]),
      'bedrock-converse': bedrock([{ reasoningContent: { reasoningText: { text: 'let me see' } } }, { text: 'hi' }]),
    },
  },
  {
    name: 'reasoning with its signature',
    on: {
      'openai-responses': responses([
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'let me see' }],
          encrypted_content: 'opaque',
        },
        message(outputText('hi')),
      ]),
      'anthropic-messages': messages([{ type: 'thinking', thinking: 'let me see', signature: 'c2lnbmVk' }, text('hi')]),
      'bedrock-converse': bedrock([
        { reasoningContent: { reasoningText: { text: 'let me see', signature: 'c2lnbmVk' } } },
        { text: 'hi' },
      ]),
    },
  },
  {
    name: 'text with a signature',
    on: { gemini: gemini([{ text: 'hi', thoughtSignature: 'c2lnbmVk' }]) },
  },
  {
    name: 'tool call with a signature',
    on: {
      gemini: gemini([{ functionCall: { name: 'look_up', args: { city: 'Rome' } }, thoughtSignature: 'c2lnbmVk' }]),
    },
  },
  {
    name: 'reasoning, redacted',
    on: {
      'anthropic-messages': messages([{ type: 'redacted_thinking', data: 'b3BhcXVl' }, text('hi')]),
      'bedrock-converse': bedrock([{ reasoningContent: { redactedContent: 'YjNCaGNYVmw=' } }, { text: 'hi' }]),
    },
  },
  {
    name: 'refusal',
    on: {
      'openai-chat': chat({ content: null, refusal: 'I cannot.' }),
      'openai-responses': responses([message({ type: 'refusal', refusal: 'I cannot.' })]),
      'anthropic-messages': messages([text('I cannot.')], { stop_reason: 'refusal' }),
      gemini: gemini([], { finishReason: 'SAFETY' }),
      'bedrock-converse': bedrock([{ text: 'I cannot.' }], 'content_filtered'),
    },
  },
  {
    name: 'cut at the limit',
    on: {
      'openai-chat': chat({}, 'length'),
      'openai-responses': responses([message(outputText('hi'))], {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
      }),
      'anthropic-messages': messages([text('hi')], { stop_reason: 'max_tokens' }),
      gemini: gemini([{ text: 'hi' }], { finishReason: 'MAX_TOKENS' }),
      'bedrock-converse': bedrock([{ text: 'hi' }], 'max_tokens'),
    },
  },
  {
    name: 'stop sequence met',
    on: {
      'anthropic-messages': messages([text('hi')], { stop_reason: 'stop_sequence', stop_sequence: 'END' }),
      'bedrock-converse': {
        ...bedrock([{ text: 'hi' }], 'stop_sequence'),
        additionalModelResponseFields: { stop_sequence: 'END' },
      },
    },
  },
  {
    name: 'citation of a page',
    on: {
      'openai-chat': chat({
        annotations: [
          {
            type: 'url_citation',
            url_citation: { start_index: 0, end_index: 2, url: 'https://example.com/', title: 'Example' },
          },
        ],
      }),
      'openai-responses': responses([
        message(
          outputText('hi', [
            { type: 'url_citation', start_index: 0, end_index: 2, url: 'https://example.com/', title: 'Example' },
          ]),
        ),
      ]),
      'anthropic-messages': messages([
        {
          ...text('hi'),
          citations: [
            {
              type: 'web_search_result_location',
              url: 'https://example.com/',
              title: 'Example',
              cited_text: 'hi',
              encrypted_index: 'x',
            },
          ],
        },
      ]),
      gemini: gemini([{ text: 'hi' }], {
        citationMetadata: { citationSources: [{ startIndex: 0, endIndex: 2, uri: 'https://example.com/' }] },
      }),
    },
  },
  {
    name: 'tokens read from a cache',
    on: {
      'openai-chat': chat({}, 'stop', {
        usage: {
          prompt_tokens: 10,
          completion_tokens: 5,
          total_tokens: 15,
          prompt_tokens_details: { cached_tokens: 4 },
        },
      }),
      'openai-responses': responses([message(outputText('hi'))], {
        usage: {
          input_tokens: 10,
          input_tokens_details: { cached_tokens: 4 },
          output_tokens: 5,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: 15,
        },
      }),
      'anthropic-messages': messages([text('hi')], {
        usage: { input_tokens: 6, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 5 },
      }),
      gemini: gemini([{ text: 'hi' }], {}, { cachedContentTokenCount: 4 }),
      'bedrock-converse': bedrock([{ text: 'hi' }], 'end_turn', { inputTokens: 6, cacheReadInputTokens: 4 }),
    },
  },
  {
    name: 'tokens written to a cache',
    on: {
      'anthropic-messages': messages([text('hi')], {
        usage: {
          input_tokens: 6,
          cache_creation_input_tokens: 4,
          cache_read_input_tokens: 0,
          cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 0 },
          output_tokens: 5,
        },
      }),
      'bedrock-converse': bedrock([{ text: 'hi' }], 'end_turn', { inputTokens: 6, cacheWriteInputTokens: 4 }),
    },
  },
  {
    name: 'tokens written to a cache for an hour',
    on: {
      'anthropic-messages': messages([text('hi')], {
        usage: {
          input_tokens: 6,
          cache_creation_input_tokens: 4,
          cache_read_input_tokens: 0,
          cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 4 },
          output_tokens: 5,
        },
      }),
      'bedrock-converse': bedrock([{ text: 'hi' }], 'end_turn', {
        inputTokens: 6,
        cacheWriteInputTokens: 4,
        cacheDetails: [{ ttl: '1h', inputTokens: 4 }],
      }),
    },
  },
  {
    name: 'search that the provider ran',
    on: {
      'openai-responses': responses([
        { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
        message(outputText('hi')),
      ]),
      'anthropic-messages': messages([
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } },
        { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
        text('hi'),
      ]),
      gemini: gemini([{ text: 'hi' }], { groundingMetadata: { webSearchQueries: ['q'] } }),
    },
  },
]
