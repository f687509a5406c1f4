// The two official SDKs behind one small interface: each asks in its own words, and what came back is told in the same ones.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { grammarFetch } from '../support/stream-grammar.ts'

export interface Heard {
  readonly text: string
  readonly thinking: string
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[]
  readonly finish: 'stop' | 'tool'
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  readonly model: string
}

export interface Question {
  readonly model: string
  readonly text: string
  readonly tools?: boolean
  readonly think?: boolean
  readonly schema?: object
  /** Base64 of a PNG. */
  readonly image?: string
  /** The answer that called tools, and what they said. */
  readonly followUp?: { readonly heard: Heard; readonly results: readonly string[] }
  readonly signal?: AbortSignal
  /** Called at the first piece of a streamed answer. */
  readonly onFirst?: () => void
}

export interface SdkClient {
  readonly name: string
  /** What was not legal in the streams that it was sent. */
  readonly faults: readonly string[]
  ask(question: Question, streamed: boolean): Promise<Heard>
}

export const toolSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }

/** The `openai` package on `/v1/chat/completions`. */
export function openaiClient(url: string, key: string): SdkClient {
  const fetch = grammarFetch('openai-chat')
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch })
  function bodyOf(question: Question): OpenAI.ChatCompletionCreateParams {
    const content: OpenAI.ChatCompletionContentPart[] = [{ type: 'text', text: question.text }]
    if (question.image !== undefined)
      content.push({ type: 'image_url', image_url: { url: `data:image/png;base64,${question.image}` } })
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content },
    ]
    const { followUp } = question
    if (followUp !== undefined) {
      const tool_calls = followUp.heard.calls.map((call) => ({
        id: call.id,
        type: 'function' as const,
        function: { name: call.name, arguments: JSON.stringify(call.input) },
      }))
      messages.push({ role: 'assistant', content: null, tool_calls })
      followUp.heard.calls.forEach((call, i) =>
        messages.push({ role: 'tool', tool_call_id: call.id, content: followUp.results[i] ?? '' }),
      )
    }
    return {
      model: question.model,
      messages,
      max_completion_tokens: 9000,
      ...(question.tools && {
        tools: [
          { type: 'function', function: { name: 'get_weather', description: 'Weather', parameters: toolSchema } },
        ],
        tool_choice: 'auto',
      }),
      ...(question.think && { reasoning_effort: 'low' }),
      ...(question.schema && {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'answer', schema: question.schema as Record<string, unknown>, strict: true },
        },
      }),
    }
  }
  return {
    name: 'openai',
    faults: fetch.faults,
    async ask(question, streamed) {
      const options = question.signal === undefined ? {} : { signal: question.signal }
      if (!streamed)
        return heardByOpenai(await client.chat.completions.create({ ...bodyOf(question), stream: false }, options))
      const stream = client.chat.completions.stream(
        { ...bodyOf(question), stream: true, stream_options: { include_usage: true } },
        options,
      )
      let reasoning = ''
      for await (const chunk of stream) {
        const delta = chunk.choices[0]?.delta as { content?: string; reasoning_content?: string } | undefined
        if (delta?.content) question.onFirst?.()
        reasoning += delta?.reasoning_content ?? ''
      }
      const final = await stream.finalChatCompletion()
      return { ...heardByOpenai(final), thinking: reasoning }
    },
  }
}

function heardByOpenai(completion: OpenAI.ChatCompletion): Heard {
  const [choice] = completion.choices
  const message = choice?.message as OpenAI.ChatCompletionMessage & { reasoning_content?: string }
  return {
    text: message.content ?? '',
    thinking: message.reasoning_content ?? '',
    calls: (message.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ id: call.id, name: call.function.name, input: JSON.parse(call.function.arguments) as unknown }]
        : [],
    ),
    finish: choice?.finish_reason === 'tool_calls' ? 'tool' : 'stop',
    inputTokens: completion.usage?.prompt_tokens,
    outputTokens: completion.usage?.completion_tokens,
    model: completion.model,
  }
}

/** The `@anthropic-ai/sdk` package on `/v1/messages`. */
export function anthropicClient(url: string, key: string): SdkClient {
  const fetch = grammarFetch('anthropic-messages')
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, fetch })
  function bodyOf(question: Question): Anthropic.MessageCreateParamsNonStreaming {
    const content: Anthropic.ContentBlockParam[] = [{ type: 'text', text: question.text }]
    if (question.image !== undefined)
      content.push({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: question.image } })
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content }]
    const { followUp } = question
    if (followUp !== undefined) {
      messages.push({
        role: 'assistant',
        content: followUp.heard.calls.map((call) => ({
          type: 'tool_use',
          id: call.id,
          name: call.name,
          input: call.input as object,
        })),
      })
      messages.push({
        role: 'user',
        content: followUp.heard.calls.map((call, i) => ({
          type: 'tool_result',
          tool_use_id: call.id,
          content: followUp.results[i] ?? '',
        })),
      })
    }
    return {
      model: question.model,
      system: 'Be brief.',
      messages,
      max_tokens: 9000,
      ...(question.tools && {
        tools: [
          { name: 'get_weather', description: 'Weather', input_schema: toolSchema as Anthropic.Tool.InputSchema },
        ],
        tool_choice: { type: 'auto' },
      }),
      ...(question.think && { thinking: { type: 'enabled', budget_tokens: 4096 } }),
      ...(question.schema && {
        output_config: { format: { type: 'json_schema', schema: question.schema as Record<string, unknown> } },
      }),
    }
  }
  return {
    name: 'anthropic',
    faults: fetch.faults,
    async ask(question, streamed) {
      const options = question.signal === undefined ? {} : { signal: question.signal }
      if (!streamed) return heardByAnthropic(await client.messages.create(bodyOf(question), options))
      const stream = client.messages.stream(bodyOf(question), options)
      stream.on('text', () => question.onFirst?.())
      return heardByAnthropic(await stream.finalMessage())
    },
  }
}

function heardByAnthropic(message: Anthropic.Message): Heard {
  return {
    text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    thinking: message.content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: message.content.flatMap((block) =>
      block.type === 'tool_use' ? [{ id: block.id, name: block.name, input: block.input }] : [],
    ),
    finish: message.stop_reason === 'tool_use' ? 'tool' : 'stop',
    inputTokens: message.usage.input_tokens,
    outputTokens: message.usage.output_tokens,
    model: message.model,
  }
}
