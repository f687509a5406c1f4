// What the `ai` package has heard, whole and streamed, in the words of the tests.
import type { generateText, streamText } from 'ai'
import { finishOf, type Heard, type Question } from '../sdk-client.ts'

type Whole = Awaited<ReturnType<typeof generateText>>
type Streamed = ReturnType<typeof streamText>
type Step = Whole['finalStep']

export function heardText(result: Whole): Heard {
  return heardStep(result.finalStep)
}

/** Reads the stream to its end. Throws what it reports as an error, or as an abort. */
export async function heardStream(result: Streamed, question: Question): Promise<Heard> {
  for await (const part of result.stream) {
    if (part.type === 'text-delta' && part.text !== '') question.onFirst?.()
    if (part.type === 'error') throw part.error
    if (part.type === 'abort') throw new DOMException('the stream was aborted', 'AbortError')
  }
  return heardStep(await result.finalStep)
}

function heardStep(step: Step): Heard {
  const { usage, finishReason } = step
  return {
    text: step.text,
    thinking: step.reasoningText ?? '',
    calls: step.toolCalls.map((call) => ({ id: call.toolCallId, name: call.toolName, input: call.input as unknown })),
    finish: finishOf(finishReason, { stop: 'stop', 'tool-calls': 'tool', length: 'length' }),
    usage: {
      input: usage.inputTokens,
      cached: usage.inputTokenDetails.cacheReadTokens,
      output: usage.outputTokens,
    },
    model: step.response.modelId,
    turn: step.response.messages,
  }
}
