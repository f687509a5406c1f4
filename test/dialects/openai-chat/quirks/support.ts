// What the tests of this folder share: running the normaliser, and what an answer says.
import { presets } from '../../../../src/catalog/presets.ts'
import { openaiChat } from '../../../../src/dialects/openai-chat/index.ts'
import { createNormaliser } from '../../../../src/dialects/openai-chat/quirks/index.ts'
import { createFold } from '../../../../src/ir/fold.ts'
import type { FinishClass, IrResponse } from '../../../../src/ir/response.ts'
import type { QuirkName } from '../../../../src/ir/traits.ts'
import { totalInput } from '../../../../src/ir/usage.ts'
import type { Frame } from '../../../../src/wire/frame.ts'
import { exchangeWith, type Json } from '../support.ts'

/** The quirks that come with a type of provider. */
export function quirksOf(type: keyof typeof presets): readonly QuirkName[] {
  const { traits } = presets[type] as { traits: { quirks?: readonly QuirkName[] } }
  return traits.quirks ?? []
}

export interface Normalised {
  readonly frames: readonly Frame[]
  /** How many frames went by as they came. */
  readonly same: number
}

/** A stream as the client gets it. */
export function normalise(frames: readonly Frame[], quirks: readonly QuirkName[], choices = 1): Normalised {
  const normaliser = createNormaliser(quirks, exchangeWith({ choices }))
  let same = 0
  const out: Frame[] = []
  for (const frame of frames) {
    const step = normaliser.step(frame)
    if (step === 'same') same++
    out.push(...(step === 'same' ? [frame] : step))
  }
  out.push(...normaliser.finish())
  return { frames: out, same }
}

/** What an answer says, whoever reads it. */
export interface View {
  readonly text: string
  readonly calls: readonly { readonly name: string; readonly input: unknown }[]
  readonly finish: FinishClass | undefined
}

export interface AnswerView {
  readonly choices: readonly View[]
  readonly usage: { readonly input: number | undefined; readonly output: number | undefined } | undefined
}

/** As our own decoder reads a stream. */
export function decodedStream(frames: readonly Frame[]): IrResponse {
  const machine = openaiChat.streamDecoder()
  const fold = createFold('openai-chat')
  for (const event of [...frames.flatMap((frame) => machine.step(frame)), ...machine.finish()]) fold.step(event)
  return fold.response()
}

export function viewOf(response: IrResponse): AnswerView {
  return {
    choices: response.outputs.map(({ parts, finish }) => ({
      text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
      calls: parts.flatMap((part) =>
        part.type === 'tool-call' ? [{ name: part.name, input: inputOf(part.input) }] : [],
      ),
      finish: finish?.class,
    })),
    usage: response.usage && { input: totalInput(response.usage), output: response.usage.output },
  }
}

const classes: Readonly<Record<string, FinishClass>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool',
  function_call: 'tool',
  content_filter: 'filter',
}

/** As a client reads an answer of the wire: it knows nothing but what the wire defines. */
export function clientView(answer: Json): AnswerView {
  const usage = answer['usage'] as Record<string, number> | undefined
  return {
    choices: (answer['choices'] as Json[]).map((choice) => {
      const message = choice['message'] as Json
      const calls = [
        ...((message['tool_calls'] ?? []) as Json[]).map((call) => call['function']),
        message['function_call'],
      ]
        .filter((called) => called !== undefined && called !== null)
        .map((called) => called as { name: string; arguments: string })
      return {
        text: (message['content'] as string | null) ?? '',
        calls: calls.map((called) => ({ name: called.name, input: JSON.parse(called.arguments) as unknown })),
        finish: message['refusal'] ? 'filter' : classes[String(choice['finish_reason'])],
      }
    }),
    usage: usage && { input: usage['prompt_tokens'], output: usage['completion_tokens'] },
  }
}

function inputOf(input: string): unknown {
  return JSON.parse(input === '' ? '{}' : input) as unknown
}
