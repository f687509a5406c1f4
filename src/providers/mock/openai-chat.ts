// Spells the mock's answer on the OpenAI Chat wire.
// @see https://platform.openai.com/docs/api-reference/chat
import { words, type MockAnswer } from './answer.ts'
import { chatCheck } from './check-openai-chat.ts'
import { joined, objectOf, objectsIn, textIn } from './check.ts'
import { dataEvent, openaiFailure } from './openai-failure.ts'
import type { Heard, Members, MockRequest, MockWire } from './wire.ts'

const created = 1_700_000_000

function usage({ inputTokens, outputTokens, thinkingTokens }: MockAnswer): object {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(thinkingTokens > 0 && { completion_tokens_details: { reasoning_tokens: thinkingTokens } }),
  }
}

function head(answer: MockAnswer, object: string): object {
  return { id: 'chatcmpl-mock', object, created, model: answer.model }
}

function calls(answer: MockAnswer): readonly object[] {
  return answer.toolCalls.map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.input) },
  }))
}

function finish(answer: MockAnswer): string {
  return answer.toolCalls.length > 0 ? 'tool_calls' : 'stop'
}

/**
 * Signed thinking as OpenRouter spells it: there is no place for it in OpenAI's own.
 * @see https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks
 */
function details(said: Members): object {
  return { reasoning_details: [{ type: 'reasoning.text', format: 'anthropic-claude-v1', index: 0, ...said }] }
}

/** Thinking in pieces: plain, or with the signature behind it. */
function thoughts(answer: MockAnswer): readonly object[] {
  if (answer.toolCalls.length === 0) return words(answer.thinking).map((word) => ({ reasoning_content: word }))
  return words(answer.thinking).map((text, index, all) =>
    details({ text, ...(index === all.length - 1 && { signature: answer.signature }) }),
  )
}

function thinking(answer: MockAnswer): object {
  if (answer.thinking === '') return {}
  const { thinking: text, signature } = answer
  return answer.toolCalls.length > 0 ? details({ text, signature }) : { reasoning_content: text }
}

function hear({ body }: MockRequest): Heard {
  const messages = objectsIn(body['messages'])
  const last = messages.findLastIndex((message) => message['role'] !== 'tool')
  const results = messages.slice(last + 1)
  const callers = messages.filter((message) => objectsIn(message['tool_calls']).length > 0)
  const { tool_choice: choice, response_format: format } = body
  const named = textIn(objectOf(objectOf(choice)['function'])['name'])
  const schema = objectOf(objectOf(format)['json_schema'])['schema']
  return {
    everything: joined(messages.map((message) => textOf(message['content']))),
    said: textOf(messages.findLast(isSpoken)?.['content']),
    ...(results.length > 0 && { results: joined(results.map((message) => textOf(message['content']))) }),
    tools: objectsIn(body['tools'])
      .map((tool) => objectOf(tool['function']))
      .map((called) => ({ name: textIn(called['name']), schema: called['parameters'] }))
      .filter(({ name }) => name !== ''),
    ...((choice === 'required' || named !== '') && { forced: named }),
    ...(schema !== undefined && { schema }),
    calls: callers.flatMap((message) => objectsIn(message['tool_calls'])).length,
    signer: 'chat',
    thoughts: callers.map((message) => {
      const calls = objectsIn(message['tool_calls']).map((call) => textIn(call['id']))
      // A client may have kept the pieces of a stream as they came.
      const kept = objectsIn(message['reasoning_details'])
      const signature = kept.map((entry) => textIn(entry['signature'])).join('')
      if (signature === '') return { calls }
      return { calls, signature, text: kept.map((entry) => textIn(entry['text'])).join('') }
    }),
  }
}

function isSpoken(message: Members): boolean {
  return message['role'] === 'user' && textOf(message['content']) !== ''
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return joined(objectsIn(content).map((part) => (part['type'] === 'text' ? textIn(part['text']) : '')))
}

/** The mock on `/chat/completions`. */
export const chatWire: MockWire = {
  check: chatCheck,
  hear,
  json(answer) {
    const toolCalls = calls(answer)
    return {
      ...head(answer, 'chat.completion'),
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            ...thinking(answer),
            content: answer.text === '' ? null : answer.text,
            ...(answer.refusal !== '' && { refusal: answer.refusal }),
            ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
          },
          finish_reason: finish(answer),
        },
      ],
      usage: usage(answer),
    }
  },
  stream(answer, { body }) {
    const chunk = (delta: object, reason: string | null = null): string =>
      dataEvent({ ...head(answer, 'chat.completion.chunk'), choices: [{ index: 0, delta, finish_reason: reason }] })
    const counted = dataEvent({ ...head(answer, 'chat.completion.chunk'), choices: [], usage: usage(answer) })
    const last = objectOf(body['stream_options'])['include_usage'] === true ? counted : ''
    return {
      contentType: 'text/event-stream',
      // Null where no text will come, as OpenAI tells it.
      start: chunk({ role: 'assistant', content: answer.text === '' ? null : '' }),
      content: [
        ...thoughts(answer).map((delta) => chunk(delta)),
        ...words(answer.text).map((word) => chunk({ content: word })),
        ...words(answer.refusal).map((word) => chunk({ refusal: word })),
        ...calls(answer).map((call, index) => chunk({ tool_calls: [{ index, ...call }] })),
      ],
      end: `${chunk({}, finish(answer))}${last}data: [DONE]\n\n`,
      error: () => dataEvent(openaiFailure(500, 'the mock was told to fail').body),
    }
  },
  failure: openaiFailure,
}
