// The `openai` package on `/v1/chat/completions`.
import OpenAI from 'openai'
import { recordingFetch } from '../recording-fetch.ts'
import {
  finishOf,
  full,
  inputOf,
  instructions,
  maxTokens,
  toolSchema,
  type Heard,
  type Question,
  type SdkClient,
} from '../sdk-client.ts'
import { openaiErrors } from './openai-errors.ts'

export function openaiChat(url: string, key: string): SdkClient {
  const fetch = recordingFetch('openai-chat')
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch })
  return {
    name: 'openai chat',
    dialect: 'openai-chat',
    abilities: full,
    faults: fetch.faults,
    exchanges: fetch.exchanges,
    ...openaiErrors,
    async ask(question, streamed) {
      const options = question.signal === undefined ? {} : { signal: question.signal }
      const body = bodyOf(question)
      if (!streamed) {
        const completion = await client.chat.completions.create({ ...body, stream: false }, options)
        return heardOf(completion)
      }
      const stream = client.chat.completions.stream(
        { ...body, stream: true, stream_options: { include_usage: true } },
        options,
      )
      let thinking = ''
      for await (const chunk of stream) {
        const delta = chunk.choices[0]?.delta as { content?: string; reasoning_content?: string } | undefined
        if (delta?.content) question.onFirst?.()
        thinking += delta?.reasoning_content ?? ''
      }
      return { ...heardOf(await stream.finalChatCompletion()), thinking }
    },
  }
}

function bodyOf(question: Question): OpenAI.ChatCompletionCreateParams {
  return {
    model: question.model,
    messages: messagesOf(question),
    max_completion_tokens: maxTokens,
    ...(question.tools && {
      tools: [{ type: 'function', function: { name: 'get_weather', description: 'Weather', parameters: toolSchema } }],
      tool_choice: 'auto',
    }),
    ...(question.think && { reasoning_effort: 'low' }),
    ...(question.schema && {
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: question.schema, strict: true } },
    }),
  }
}

function messagesOf({ text, image, followUp }: Question): OpenAI.ChatCompletionMessageParam[] {
  const content: OpenAI.ChatCompletionContentPart[] = [{ type: 'text', text }]
  if (image !== undefined) content.push({ type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } })
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: instructions },
    { role: 'user', content },
  ]
  if (followUp === undefined) return messages
  const results = followUp.heard.calls.map((call, index) => ({
    role: 'tool' as const,
    tool_call_id: call.id,
    content: followUp.results[index] ?? '',
  }))
  return [...messages, followUp.heard.turn as OpenAI.ChatCompletionMessageParam, ...results]
}

function heardOf(completion: OpenAI.ChatCompletion): Heard {
  const [choice] = completion.choices
  const message = choice?.message as OpenAI.ChatCompletionMessage & { reasoning_content?: string; parsed?: unknown }
  // What the streaming helper derives for its callers is no part of a message.
  const { parsed: _parsed, ...turn } = message
  const { usage } = completion
  return {
    text: message.content ?? '',
    thinking: message.reasoning_content ?? '',
    calls: (message.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ id: call.id, name: call.function.name, input: inputOf(call.function.arguments) }]
        : [],
    ),
    finish: finishOf(choice?.finish_reason, { stop: 'stop', tool_calls: 'tool', length: 'length' }),
    usage: {
      input: usage?.prompt_tokens,
      cached: usage?.prompt_tokens_details?.cached_tokens,
      output: usage?.completion_tokens,
    },
    model: completion.model,
    turn,
  }
}
