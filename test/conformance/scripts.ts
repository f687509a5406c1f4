// Streams of every wire written by hand, as small as a case needs them. Owns the spelling; asserts nothing.
import type { Frame } from '../../src/wire/frame.ts'
import type { Json } from '../support/json.ts'

/** One block of an answer, in an order that a case is about. */
export type Block =
  | { readonly type: 'thinking'; readonly text: string; readonly signature?: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'call'; readonly id: string; readonly name: string; readonly input: Json }

const chatHead = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'up' }

/** A chunk of Chat with one choice. */
export function chatChunk(delta: Json, finish: string | null = null, more: Json = {}): Frame {
  return frame({ ...chatHead, choices: [{ index: 0, delta, finish_reason: finish }], ...more })
}

/** A chunk of Chat as it is. */
export function frame(value: Json, event?: string): Frame {
  return { ...(event !== undefined && { event }), data: JSON.stringify(value) }
}

/** A Chat stream of these deltas: the role before them, the finish and `[DONE]` behind. */
export function chatStream(deltas: readonly Json[], finish: string | null = 'stop', usage?: Json): Frame[] {
  return [
    chatChunk({ role: 'assistant', content: '' }),
    ...deltas.map((delta) => chatChunk(delta)),
    chatChunk({}, finish),
    ...(usage === undefined ? [] : [frame({ ...chatHead, choices: [], usage })]),
    { data: '[DONE]' },
  ]
}

/** A tool call in one fragment of a Chat delta. */
export function chatCall(index: number | undefined, id: string, name: string, input: string): Json {
  return { ...(index !== undefined && { index }), id, type: 'function', function: { name, arguments: input } }
}

/** An Anthropic stream of these blocks, arguments in two pieces. */
export function anthropicStream(blocks: readonly Block[], stop = 'end_turn'): Frame[] {
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'up',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 9, output_tokens: 1 },
  }
  const events: Json[] = [
    { type: 'message_start', message },
    ...blocks.flatMap((block, index) => anthropicBlock(block, index)),
    { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ]
  return events.map((event) => frame(event, String(event['type'])))
}

function anthropicBlock(block: Block, index: number): Json[] {
  const start = (content_block: Json): Json => ({ type: 'content_block_start', index, content_block })
  const delta = (value: Json): Json => ({ type: 'content_block_delta', index, delta: value })
  const stop = { type: 'content_block_stop', index }
  switch (block.type) {
    case 'thinking':
      return [
        start({ type: 'thinking', thinking: '', signature: '' }),
        ...(block.text === '' ? [] : [delta({ type: 'thinking_delta', thinking: block.text })]),
        ...(block.signature === undefined ? [] : [delta({ type: 'signature_delta', signature: block.signature })]),
        stop,
      ]
    case 'text':
      return [start({ type: 'text', text: '' }), delta({ type: 'text_delta', text: block.text }), stop]
    case 'call': {
      const input = JSON.stringify(block.input)
      return [
        start({ type: 'tool_use', id: block.id, name: block.name, input: {} }),
        delta({ type: 'input_json_delta', partial_json: '' }),
        delta({ type: 'input_json_delta', partial_json: input.slice(0, 4) }),
        delta({ type: 'input_json_delta', partial_json: input.slice(4) }),
        stop,
      ]
    }
  }
}

/** How much of a call's arguments comes as deltas before they are done. */
export type Deltas = 'all' | 'some' | 'none'

/** A Responses stream of these blocks, one item each. */
export function responsesStream(blocks: readonly Block[], deltas: Deltas = 'all', status = 'completed'): Frame[] {
  const head = { id: 'resp_1', object: 'response', created_at: 1, model: 'up' }
  const items = blocks.map((block, index) => responsesItem(block, index))
  const usage = {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 14,
  }
  const done = { ...head, status, output: items, usage }
  const events: Json[] = [
    { type: 'response.created', response: { ...head, status: 'in_progress', output: [] } },
    ...blocks.flatMap((block, index) => responsesEvents(block, index, items[index] ?? {}, deltas)),
    { type: `response.${status}`, response: done },
  ]
  return events.map((event, at) => frame({ ...event, sequence_number: at }, String(event['type'])))
}

function responsesItem(block: Block, index: number): Json {
  switch (block.type) {
    case 'thinking':
      return {
        id: `rs_${index}`,
        type: 'reasoning',
        summary: [],
        content: [{ type: 'reasoning_text', text: block.text }],
        ...(block.signature !== undefined && { encrypted_content: block.signature }),
      }
    case 'text':
      return {
        id: `msg_${index}`,
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: block.text, annotations: [] }],
      }
    case 'call':
      return {
        id: `fc_${index}`,
        type: 'function_call',
        status: 'completed',
        call_id: block.id,
        name: block.name,
        arguments: JSON.stringify(block.input),
      }
  }
}

function responsesEvents(block: Block, index: number, item: Json, deltas: Deltas): Json[] {
  const at = { item_id: item['id'], output_index: index }
  const opened = { ...item, status: 'in_progress' }
  const added = (bare: Json): Json => ({ type: 'response.output_item.added', output_index: index, item: bare })
  const done = { type: 'response.output_item.done', output_index: index, item }
  if (block.type === 'call') {
    const input = JSON.stringify(block.input)
    const sent = deltas === 'none' ? '' : deltas === 'some' ? input.slice(0, 5) : input
    return [
      added({ ...opened, arguments: '' }),
      ...(sent === '' ? [] : [{ type: 'response.function_call_arguments.delta', ...at, delta: sent }]),
      { type: 'response.function_call_arguments.done', ...at, arguments: input },
      done,
    ]
  }
  const place = { ...at, content_index: 0 }
  const name = block.type === 'text' ? 'output_text' : 'reasoning_text'
  const part = block.type === 'text' ? { type: name, text: '', annotations: [] } : { type: name, text: '' }
  return [
    added({ ...opened, content: [] }),
    { type: 'response.content_part.added', ...place, part },
    { type: `response.${name}.delta`, ...place, delta: block.text },
    { type: `response.${name}.done`, ...place, text: block.text },
    { type: 'response.content_part.done', ...place, part: { ...part, text: block.text } },
    done,
  ]
}

/** A Gemini stream: each list of parts is one chunk, the last of them with the finish reason and the counters. */
export function geminiStream(chunks: readonly (readonly Json[])[], finish = 'STOP'): Frame[] {
  return chunks.map((parts, index) => {
    const isLast = index === chunks.length - 1
    const content = { role: 'model', parts }
    return frame({
      candidates: [{ content, index: 0, ...(isLast && { finishReason: finish }) }],
      ...(isLast && { usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 5, totalTokenCount: 14 } }),
      modelVersion: 'up',
      responseId: 'resp_1',
    })
  })
}

/** A block of an answer as a part of Gemini's. */
export function geminiPart(block: Block): Json {
  const signature =
    block.type === 'thinking' && block.signature !== undefined ? { thoughtSignature: block.signature } : {}
  switch (block.type) {
    case 'thinking':
      return { text: block.text, thought: true, ...signature }
    case 'text':
      return { text: block.text }
    case 'call':
      return { functionCall: { id: block.id, name: block.name, args: block.input } }
  }
}

/** A Converse stream of these blocks; only calls say where they begin. */
export function bedrockStream(blocks: readonly Block[], stop = 'end_turn'): Frame[] {
  const events = blocks.flatMap((block, contentBlockIndex) => {
    const delta = (value: Json): Frame => frame({ contentBlockIndex, delta: value }, 'contentBlockDelta')
    const end = frame({ contentBlockIndex }, 'contentBlockStop')
    switch (block.type) {
      case 'thinking':
        return [
          ...(block.text === '' ? [] : [delta({ reasoningContent: { text: block.text } })]),
          ...(block.signature === undefined ? [] : [delta({ reasoningContent: { signature: block.signature } })]),
          end,
        ]
      case 'text':
        return [delta({ text: block.text }), end]
      case 'call':
        return [
          frame(
            { contentBlockIndex, start: { toolUse: { toolUseId: block.id, name: block.name } } },
            'contentBlockStart',
          ),
          delta({ toolUse: { input: JSON.stringify(block.input) } }),
          end,
        ]
    }
  })
  return [
    frame({ role: 'assistant' }, 'messageStart'),
    ...events,
    frame({ stopReason: stop }, 'messageStop'),
    frame({ usage: { inputTokens: 9, outputTokens: 5, totalTokens: 14 }, metrics: { latencyMs: 1 } }, 'metadata'),
  ]
}
