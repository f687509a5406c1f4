// How Responses are answered: items, and the events that tell of them.
// https://platform.openai.com/docs/api-reference/responses-streaming
import { signatures } from './signatures.ts'
import { counts, endOf, halve, reasoningTokens, sse, type Json, type ScriptedAnswer } from './wire.ts'

export const answering = 'gpt-5-2025-08-07'

const suffix = '67ccd3acc8d48190a77525dc6de64b4104becb25c45c1d41'

type Item =
  | { type: 'reasoning'; id: string; summary: readonly object[]; encrypted_content?: string }
  | {
      type: 'message'
      id: string
      status: string
      role: string
      content: readonly { type: string; text: string; annotations: readonly object[]; logprobs: readonly object[] }[]
    }
  | { type: 'function_call'; id: string; status: string; call_id: string; name: string; arguments: string }

function statusOf(answer: ScriptedAnswer): string {
  return endOf(answer, { stop: 'completed', tool: 'completed', length: 'incomplete' })
}

/** The items of an answer. What was thought comes encrypted where the request asks for that. */
export function itemsOf(answer: ScriptedAnswer, body: Json): Item[] {
  const { thinking, text, calls } = answer
  const encrypts = Array.isArray(body['include']) && body['include'].includes('reasoning.encrypted_content')
  return [
    ...(thinking === undefined
      ? []
      : [
          {
            id: `rs_${suffix}`,
            type: 'reasoning' as const,
            summary: [{ type: 'summary_text', text: thinking }],
            ...(encrypts && { encrypted_content: signatures.responses }),
          },
        ]),
    ...(text === undefined
      ? []
      : [
          {
            id: `msg_${suffix}`,
            type: 'message' as const,
            status: statusOf(answer),
            content: [{ type: 'output_text', annotations: [], logprobs: [], text }],
            role: 'assistant',
          },
        ]),
    ...(calls ?? []).map(({ id, name, input }, index) => ({
      id: `fc_${index}${suffix}`,
      type: 'function_call' as const,
      status: 'completed',
      arguments: JSON.stringify(input),
      call_id: id,
      name,
    })),
  ]
}

/** The record around the items. */
export function responseOf(output: readonly object[], answer: ScriptedAnswer, status = statusOf(answer)): Json {
  const usage = {
    input_tokens: counts.input,
    input_tokens_details: { cached_tokens: counts.cached },
    output_tokens: counts.output,
    output_tokens_details: { reasoning_tokens: reasoningTokens(answer) },
    total_tokens: counts.total,
  }
  return {
    id: `resp_${suffix}`,
    object: 'response',
    created_at: 1_741_476_542,
    status,
    background: false,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    max_output_tokens: 9000,
    model: answering,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: 'low', summary: 'auto' },
    service_tier: 'default',
    store: false,
    temperature: 1,
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: status === statusOf(answer) ? usage : null,
    user: null,
    metadata: {},
  }
}

type Event = readonly [type: string, fields: object]

/** The events of an answer: the fragments of parallel calls take turns, and what encrypts a thought grows until it is done. */
export function responsesEvents(answer: ScriptedAnswer, { body }: { readonly body: Json }): string[] {
  const items = itemsOf(answer, body)
  const told = items.map((item, index) => eventsOf(item, index))
  const isCall = (_: unknown, index: number): boolean => items[index]?.type === 'function_call'
  const inOrder = told.filter((_, index) => !isCall(_, index)).flat()
  const calls = told.filter(isCall)
  const longest = Math.max(0, ...calls.map((list) => list.length))
  const interleaved = Array.from({ length: longest }, (_, at) => calls.flatMap((list) => list.slice(at, at + 1))).flat()
  const begun = responseOf([], answer, 'in_progress')
  return numbered([
    ['response.created', { response: begun }],
    ['response.in_progress', { response: begun }],
    ...inOrder,
    ...interleaved,
    [`response.${statusOf(answer)}`, { response: responseOf(items, answer) }],
  ])
}

/** What fails: an error, and the response that it ends. */
export function responsesFailure(): string {
  const error = { code: 'server_error', message: 'The server had an error' }
  const failed: Event[] = [
    ['error', { ...error, param: null }],
    ['response.failed', { response: { ...responseOf([], {}, 'failed'), error } }],
  ]
  return numbered(failed, 90).join('')
}

function numbered(events: readonly Event[], first = 0): string[] {
  return events.map(([type, fields], index) =>
    sse({ type, sequence_number: first + index, ...fields }, { event: type }),
  )
}

function eventsOf(item: Item, output_index: number): Event[] {
  const at = { item_id: item.id, output_index }
  const done: Event = ['response.output_item.done', { output_index, item }]
  switch (item.type) {
    case 'reasoning':
      return [
        added({ ...item, summary: [], ...(item.encrypted_content && { encrypted_content: 'gAAAAABo' }) }, output_index),
        ...summaryEvents(item, at),
        done,
      ]
    case 'message': {
      const part = item.content[0]
      const where = { ...at, content_index: 0 }
      const text = part?.text ?? ''
      return [
        added({ ...item, status: 'in_progress', content: [] }, output_index),
        ['response.content_part.added', { ...where, part: { ...part, text: '' } }],
        ...halve(text).map((delta): Event => [
          'response.output_text.delta',
          { ...where, delta, logprobs: [], obfuscation: 'Xw4p' },
        ]),
        ['response.output_text.done', { ...where, text, logprobs: [] }],
        ['response.content_part.done', { ...where, part }],
        done,
      ]
    }
    case 'function_call':
      return [
        added({ ...item, status: 'in_progress', arguments: '' }, output_index),
        ...halve(item.arguments).map((delta): Event => [
          'response.function_call_arguments.delta',
          { ...at, delta, obfuscation: 'r1' },
        ]),
        ['response.function_call_arguments.done', { ...at, arguments: item.arguments, name: item.name }],
        done,
      ]
  }
}

function added(item: object, output_index: number): Event {
  return ['response.output_item.added', { output_index, item }]
}

function summaryEvents({ summary }: Item & { type: 'reasoning' }, at: object): Event[] {
  return summary.flatMap((part, summary_index): Event[] => {
    const where = { ...at, summary_index }
    const { text } = part as { text: string }
    return [
      ['response.reasoning_summary_part.added', { ...where, part: { ...part, text: '' } }],
      ...halve(text).map((delta): Event => [
        'response.reasoning_summary_text.delta',
        { ...where, delta, obfuscation: 'q' },
      ]),
      ['response.reasoning_summary_text.done', { ...where, text }],
      ['response.reasoning_summary_part.done', { ...where, part }],
    ]
  })
}
