// The `openai` package on `/v1/responses`, without stored state: what has to come back is sent back.
// https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items
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

type Input = OpenAI.Responses.ResponseInputItem
type Item = OpenAI.Responses.ResponseOutputItem

export function openaiResponses(url: string, key: string): SdkClient {
  const fetch = recordingFetch('openai-responses')
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch })
  return {
    name: 'openai responses',
    dialect: 'openai-responses',
    abilities: full,
    faults: fetch.faults,
    exchanges: fetch.exchanges,
    ...openaiErrors,
    async ask(question, streamed) {
      const options = question.signal === undefined ? {} : { signal: question.signal }
      const body = bodyOf(question)
      if (!streamed) return heardOf(await client.responses.create({ ...body, stream: false }, options))
      const stream = client.responses.stream({ ...body, stream: true }, options)
      for await (const event of stream) {
        if (event.type === 'response.output_text.delta') question.onFirst?.()
        // The helper ends quietly where the provider has failed.
        if (event.type === 'response.failed') throw new Error(event.response.error?.message ?? 'failed')
        if (event.type === 'error') throw new Error(event.message)
      }
      return heardOf(await stream.finalResponse())
    },
    async countTokens(question) {
      const { model, instructions: system, input } = bodyOf(question)
      const counted = await client.responses.inputTokens.count({
        model: model as string,
        instructions: system as string,
        input: input as Input[],
      })
      return counted.input_tokens
    },
  }
}

function bodyOf(question: Question): OpenAI.Responses.ResponseCreateParams {
  return {
    model: question.model,
    instructions,
    input: inputItems(question),
    max_output_tokens: maxTokens,
    store: false,
    include: ['reasoning.encrypted_content'],
    ...(question.tools && {
      tools: [{ type: 'function', name: 'get_weather', description: 'Weather', parameters: toolSchema, strict: false }],
      tool_choice: 'auto',
    }),
    ...(question.think && { reasoning: { effort: 'low', summary: 'auto' } }),
    ...(question.schema && {
      text: { format: { type: 'json_schema', name: 'answer', schema: question.schema, strict: true } },
    }),
  }
}

function inputItems({ text, image, followUp }: Question): Input[] {
  const content: OpenAI.Responses.ResponseInputContent[] = [{ type: 'input_text', text }]
  if (image !== undefined)
    content.push({ type: 'input_image', image_url: `data:image/png;base64,${image}`, detail: 'auto' })
  const asked: Input = { role: 'user', content }
  if (followUp === undefined) return [asked]
  const results = followUp.heard.calls.map((call, index): Input => ({
    type: 'function_call_output',
    call_id: call.id,
    output: followUp.results[index] ?? '',
  }))
  return [asked, ...(followUp.heard.turn as Input[]), ...results]
}

function heardOf(response: OpenAI.Responses.Response): Heard {
  const { output, usage } = response
  const calls = output.flatMap((item) =>
    item.type === 'function_call' ? [{ id: item.call_id, name: item.name, input: inputOf(item.arguments) }] : [],
  )
  return {
    text: output.map(textOf).join(''),
    thinking: output.map(thinkingOf).join(''),
    calls,
    finish: finishOf(response.incomplete_details?.reason ?? response.status, {
      completed: calls.length > 0 ? 'tool' : 'stop',
      max_output_tokens: 'length',
    }),
    usage: {
      input: usage?.input_tokens,
      cached: usage?.input_tokens_details.cached_tokens,
      output: usage?.output_tokens,
    },
    model: response.model,
    turn: output.map(bare),
  }
}

function textOf(item: Item): string {
  if (item.type !== 'message') return ''
  return item.content.map((part) => (part.type === 'output_text' ? part.text : '')).join('')
}

function thinkingOf(item: Item): string {
  return item.type === 'reasoning' ? item.summary.map((part) => part.text).join('') : ''
}

/** An item without what the streaming helper derives for its callers. */
function bare(item: Item): Item {
  return JSON.parse(
    JSON.stringify(item, (name, value: unknown) =>
      name === 'parsed' || name === 'parsed_arguments' ? undefined : value,
    ),
  ) as Item
}
