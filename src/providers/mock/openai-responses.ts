// Spells the mock's answer on the OpenAI Responses wire.
// @see https://platform.openai.com/docs/api-reference/responses-streaming
import { sealOf, words, type MockAnswer } from './answer.ts'
import { joined, objectOf, objectsIn, textIn } from './check.ts'
import { responsesCheck, responsesCountCheck } from './check-openai-responses.ts'
import { openaiFailure } from './openai-failure.ts'
import type { Heard, Members, MockCounter, MockRequest, MockWire } from './wire.ts'

const createdAt = 1_700_000_000
const thoughtId = 'rs_mock_0'

/** An output item: as it opens, the events that it grows by (in pieces of one delta each), and as it is when it is done. */
interface Item {
  readonly added: Members
  readonly grow: readonly (readonly Members[])[]
  readonly done: Members
}

function items(answer: MockAnswer): readonly Item[] {
  const { thinking, text, refusal } = answer
  return [
    ...(thinking === '' ? [] : [reasoning(answer)]),
    ...(text === '' ? [] : [message('output_text', 'text', text)]),
    ...(refusal === '' ? [] : [message('refusal', 'refusal', refusal)]),
    ...answer.toolCalls.map(call),
  ]
}

// What has to come back differs between the first look at an item and the last: only the last one counts.
function reasoning({ thinking, signature }: MockAnswer): Item {
  const item = { id: thoughtId, type: 'reasoning' }
  const place = { item_id: item.id, summary_index: 0 }
  const part = { type: 'summary_text', text: thinking }
  return {
    added: { ...item, summary: [], encrypted_content: `early ${signature}` },
    grow: framed(
      [{ type: 'response.reasoning_summary_part.added', ...place, part: { type: 'summary_text', text: '' } }],
      words(thinking).map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...place, delta })),
      [
        { type: 'response.reasoning_summary_text.done', ...place, text: thinking },
        { type: 'response.reasoning_summary_part.done', ...place, part },
      ],
    ),
    done: { ...item, summary: [part], encrypted_content: signature },
  }
}

function message(type: 'output_text' | 'refusal', key: 'text' | 'refusal', said: string): Item {
  const item = { id: 'msg_mock_0', type: 'message', role: 'assistant' }
  const place = { item_id: item.id, content_index: 0 }
  const part = (text: string): Members => ({ type, [key]: text, ...(type === 'output_text' && { annotations: [] }) })
  return {
    added: { ...item, status: 'in_progress', content: [] },
    grow: framed(
      [{ type: 'response.content_part.added', ...place, part: part('') }],
      words(said).map((delta) => ({ type: `response.${type}.delta`, ...place, delta })),
      [
        { type: `response.${type}.done`, ...place, [key]: said },
        { type: 'response.content_part.done', ...place, part: part(said) },
      ],
    ),
    done: { ...item, status: 'completed', content: [part(said)] },
  }
}

function call({ id, name, input }: MockAnswer['toolCalls'][number]): Item {
  const item = { id: id.replace('call', 'fc'), type: 'function_call', call_id: id, name }
  const place = { item_id: item.id }
  const text = JSON.stringify(input)
  return {
    added: { ...item, status: 'in_progress', arguments: '' },
    grow: framed(
      [],
      [{ type: 'response.function_call_arguments.delta', ...place, delta: text }],
      [{ type: 'response.function_call_arguments.done', ...place, arguments: text }],
    ),
    done: { ...item, status: 'completed', arguments: text },
  }
}

/** Deltas as pieces of one each; what opens stands before the first, what closes behind the last. */
function framed(open: readonly Members[], deltas: readonly Members[], close: readonly Members[]): Members[][] {
  return deltas.map((delta, index) => [
    ...(index === 0 ? open : []),
    delta,
    ...(index === deltas.length - 1 ? close : []),
  ])
}

/** The pieces of all items: each begins with its item's opening and ends with its end where it is the first, or the last. */
function pieces(answer: MockAnswer): Members[][] {
  return items(answer).flatMap(({ added, grow, done }, index) => {
    const place = { output_index: index }
    return grow.map((piece, position) => [
      ...(position === 0 ? [{ type: 'response.output_item.added', ...place, item: added }] : []),
      ...piece.map((event) => ({ ...event, ...place })),
      ...(position === grow.length - 1 ? [{ type: 'response.output_item.done', ...place, item: done }] : []),
    ])
  })
}

function record(answer: MockAnswer, { body }: MockRequest, members: Members): Members {
  const { tools, tool_choice: choice, text, instructions, metadata, store } = body
  return {
    id: 'resp_mock',
    object: 'response',
    created_at: createdAt,
    model: answer.model,
    error: null,
    incomplete_details: null,
    instructions: instructions ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    metadata: metadata ?? {},
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    previous_response_id: body['previous_response_id'] ?? null,
    reasoning: body['reasoning'] ?? { effort: null, summary: null },
    store: store ?? true,
    temperature: body['temperature'] ?? 1,
    text: text ?? { format: { type: 'text' } },
    tool_choice: choice ?? 'auto',
    tools: tools ?? [],
    top_p: body['top_p'] ?? 1,
    truncation: 'disabled',
    ...members,
  }
}

function completed(answer: MockAnswer, request: MockRequest): Members {
  return record(answer, request, {
    status: 'completed',
    output: items(answer).map(({ done }) => done),
    usage: usage(answer),
  })
}

function usage({ inputTokens, outputTokens, thinkingTokens }: MockAnswer): Members {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: thinkingTokens },
    total_tokens: inputTokens + outputTokens,
  }
}

function hear({ body }: MockRequest): Heard {
  const { input, tools, tool_choice: choice } = body
  const list = typeof input === 'string' ? [{ role: 'user', content: input }] : objectsIn(input)
  const last = list.findLastIndex((item) => !isOutput(item))
  const results = list.slice(last + 1)
  const calls = list.filter((item) => item['type'] === 'function_call')
  const format = objectOf(objectOf(body['text'])['format'])
  const named = textIn(objectOf(choice)['name'])
  return {
    everything: joined([textIn(body['instructions']), ...list.map(textOf)]),
    said: textOf(list.findLast((item) => item['role'] === 'user' && textOf(item) !== '') ?? {}),
    ...(results.length > 0 && { results: joined(results.map(textOf)) }),
    tools: objectsIn(tools)
      .filter((tool) => tool['type'] === 'function')
      .map((tool) => ({ name: textIn(tool['name']), schema: tool['parameters'] })),
    ...((choice === 'required' || named !== '') && { forced: named }),
    ...(format['schema'] !== undefined && { schema: format['schema'] }),
    calls: calls.length,
    signer: 'responses',
    thoughts: list.flatMap((item, index) => (opensCalls(list, index) ? [thoughtBefore(list, index)] : [])),
  }
}

/** Whether this item is the first call of its turn. */
function opensCalls(list: readonly Members[], index: number): boolean {
  return list[index]?.['type'] === 'function_call' && list[index - 1]?.['type'] !== 'function_call'
}

/** The signature is in `encrypted_content`; what the summary says does not matter. */
function thoughtBefore(list: readonly Members[], index: number): Heard['thoughts'][number] {
  const turn = list.slice(0, index)
  const start = turn.findLastIndex((item) => item['role'] === 'user' || isOutput(item)) + 1
  const calls = [textIn(list[index]?.['call_id'])]
  // What was stored may be named instead of repeated; there is only one thought that the mock could have stored.
  if (turn.slice(start).some(isStoredThought)) return { calls, signature: sealOf('responses') }
  const thought = turn.slice(start).find((item) => item['type'] === 'reasoning')
  const signature = textIn(thought?.['encrypted_content'])
  return signature === '' ? { calls } : { calls, signature }
}

function isStoredThought({ type, id }: Members): boolean {
  return type === 'item_reference' && id === thoughtId
}

function isOutput(item: Members): boolean {
  return item['type'] === 'function_call_output' || item['type'] === 'custom_tool_call_output'
}

function textOf(item: Members): string {
  const content = isOutput(item) ? item['output'] : item['content']
  if (typeof content === 'string') return content
  return joined(objectsIn(content).map((part) => textIn(part['text'])))
}

/** Events are numbered from the first one on, whatever piece they are in. */
function written(events: readonly Members[], from: number): string {
  return events
    .map((event, index) => ({ ...event, sequence_number: from + index }))
    .map((event) => `event: ${String((event as Members)['type'])}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
}

/** The mock on `/responses`. */
export const responsesWire: MockWire = {
  check: responsesCheck,
  hear,
  json: completed,
  stream(answer, request) {
    const begun = record(answer, request, { status: 'in_progress', output: [], usage: null })
    const start: Members[] = [
      { type: 'response.created', response: begun },
      { type: 'response.in_progress', response: begun },
    ]
    const content = pieces(answer)
    const numberAt = (piece: number): number => start.length + content.slice(0, piece).flat().length
    const failed = record(answer, request, {
      status: 'failed',
      output: [],
      error: { code: 'server_error', message: 'the mock was told to fail' },
      usage: null,
    })
    return {
      contentType: 'text/event-stream',
      start: written(start, 0),
      content: content.map((piece, index) => written(piece, numberAt(index))),
      end: written([{ type: 'response.completed', response: completed(answer, request) }], numberAt(content.length)),
      error: (after) => written([{ type: 'response.failed', response: failed }], numberAt(after)),
    }
  },
  failure: openaiFailure,
}

/** The mock on `/responses/input_tokens`. */
export const responsesCounter: MockCounter = {
  check: responsesCountCheck,
  hear,
  count: (tokens) => ({ object: 'response.input_tokens', input_tokens: tokens }),
  failure: openaiFailure,
}
