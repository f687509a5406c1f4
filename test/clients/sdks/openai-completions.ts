// The `openai` package on `/v1/completions`: one prompt, one text.
import OpenAI from 'openai'
import { recordingFetch } from '../recording-fetch.ts'
import { finishOf, full, instructions, maxTokens, type Question, type SdkClient } from '../sdk-client.ts'
import { openaiErrors } from './openai-errors.ts'

export function openaiCompletions(url: string, key: string): SdkClient {
  const fetch = recordingFetch('openai-completions')
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch })
  const heard = (text: string, last: OpenAI.Completion | undefined, finish: string | undefined) => ({
    text,
    thinking: '',
    calls: [],
    finish: finishOf(finish, { stop: 'stop', length: 'length' }),
    usage: {
      input: last?.usage?.prompt_tokens,
      cached: last?.usage?.prompt_tokens_details?.cached_tokens,
      output: last?.usage?.completion_tokens,
    },
    model: last?.model,
    turn: undefined,
  })
  return {
    name: 'openai completions',
    dialect: 'openai-completions',
    abilities: { ...full, converses: false, showsThinking: false },
    faults: fetch.faults,
    exchanges: fetch.exchanges,
    ...openaiErrors,
    async ask(question, streamed) {
      const options = question.signal === undefined ? {} : { signal: question.signal }
      const body = { model: question.model, prompt: promptOf(question), max_tokens: maxTokens }
      if (!streamed) {
        const completion = await client.completions.create(body, options)
        const [choice] = completion.choices
        return heard(choice?.text ?? '', completion, choice?.finish_reason)
      }
      const stream = await client.completions.create(
        { ...body, stream: true, stream_options: { include_usage: true } },
        options,
      )
      let text = ''
      let finish: string | undefined
      let last: OpenAI.Completion | undefined
      for await (const chunk of stream) {
        const [choice] = chunk.choices
        text += choice?.text ?? ''
        if (text !== '') question.onFirst?.()
        finish = choice?.finish_reason ?? finish
        last = chunk
      }
      // A stream that the caller has left ends without a word.
      if (question.signal?.aborted === true) throw new OpenAI.APIUserAbortError()
      return heard(text, last, finish)
    },
  }
}

function promptOf({ text }: Question): string {
  return `${instructions}\n\n${text}`
}
