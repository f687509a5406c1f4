// The `@anthropic-ai/sdk` package on `/v1/messages`.
import Anthropic from '@anthropic-ai/sdk'
import { recordingFetch } from '../recording-fetch.ts'
import {
  finishOf,
  full,
  instructions,
  maxTokens,
  thinkingBudget,
  toolSchema,
  type Heard,
  type Question,
  type SdkClient,
} from '../sdk-client.ts'

const classes: Readonly<Record<number, abstract new (...args: never[]) => Error>> = {
  400: Anthropic.BadRequestError,
  401: Anthropic.AuthenticationError,
  429: Anthropic.RateLimitError,
}

export function anthropic(url: string, key: string): SdkClient {
  const fetch = recordingFetch('anthropic-messages')
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, fetch })
  return {
    name: 'anthropic',
    dialect: 'anthropic-messages',
    abilities: full,
    faults: fetch.faults,
    exchanges: fetch.exchanges,
    failureOf(cause) {
      if (!(cause instanceof Anthropic.APIError) || cause.status === undefined) return undefined
      const expected =
        classes[cause.status] ?? (cause.status >= 500 ? Anthropic.InternalServerError : Anthropic.APIError)
      if (!(cause instanceof expected)) return undefined
      return { status: cause.status as number, retryAfter: cause.headers?.get('retry-after') ?? undefined }
    },
    isAbort: (cause) => cause instanceof Anthropic.APIUserAbortError,
    async ask(question, streamed) {
      const options = question.signal === undefined ? {} : { signal: question.signal }
      if (!streamed) return heardOf(await client.messages.create(bodyOf(question), options))
      const stream = client.messages.stream(bodyOf(question), options)
      stream.on('text', () => question.onFirst?.())
      return heardOf(await stream.finalMessage())
    },
    async countTokens(question) {
      const { model, system, messages } = bodyOf(question)
      const counted = await client.messages.countTokens({ model, messages, ...(system !== undefined && { system }) })
      return counted.input_tokens
    },
  }
}

function bodyOf(question: Question): Anthropic.MessageCreateParamsNonStreaming {
  return {
    model: question.model,
    system: instructions,
    messages: messagesOf(question),
    max_tokens: maxTokens,
    ...(question.tools && {
      tools: [
        {
          name: 'get_weather',
          description: 'Weather',
          input_schema: toolSchema as unknown as Anthropic.Tool.InputSchema,
        },
      ],
      tool_choice: { type: 'auto' },
    }),
    ...(question.think && { thinking: { type: 'enabled', budget_tokens: thinkingBudget } }),
    ...(question.schema && { output_config: { format: { type: 'json_schema', schema: question.schema } } }),
  }
}

function messagesOf({ text, image, followUp }: Question): Anthropic.MessageParam[] {
  const content: Anthropic.ContentBlockParam[] = [{ type: 'text', text }]
  if (image !== undefined)
    content.push({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } })
  const asked: Anthropic.MessageParam = { role: 'user', content }
  if (followUp === undefined) return [asked]
  const results = followUp.heard.calls.map((call, index) => ({
    type: 'tool_result' as const,
    tool_use_id: call.id,
    content: followUp.results[index] ?? '',
  }))
  return [
    asked,
    { role: 'assistant', content: followUp.heard.turn as Anthropic.ContentBlockParam[] },
    { role: 'user', content: results },
  ]
}

function heardOf(message: Anthropic.Message): Heard {
  const { content, usage, stop_reason: stop } = message
  const cached = usage.cache_read_input_tokens ?? 0
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    thinking: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ id: block.id, name: block.name, input: block.input }] : [],
    ),
    finish: finishOf(stop, { end_turn: 'stop', tool_use: 'tool', max_tokens: 'length' }),
    usage: {
      input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
      cached,
      output: usage.output_tokens,
    },
    model: message.model,
    turn: content,
  }
}
