// The mock's answer as plain data, read from a request of any of its wires; the wire files only spell it.
import { isObject } from '../../wire/json-parse.ts'
import type { Script } from './script.ts'

export interface MockAnswer {
  readonly model: string
  readonly thinking: string
  readonly text: string
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly input: object }[]
  readonly inputTokens: number
  readonly outputTokens: number
}

/** `echo: <last user text>`, with token counts of one per word. */
export function answerOf(script: Script, body: Record<string, unknown>): MockAnswer {
  const messages = Array.isArray(body['messages']) ? body['messages'].filter(isObject) : []
  const heard = lastUserText(messages)
  const thinking = script.type === 'thinking' ? 'I repeat what was said.' : ''
  const toolCalls = script.type === 'tools' ? callsOf(body, script.all, heard) : []
  const text = toolCalls.length > 0 || script.type === 'empty' ? '' : `echo: ${heard}`
  const everything = messages.map((message) => textOf(message['content'])).join(' ')
  return {
    model: typeof body['model'] === 'string' ? body['model'] : 'echo',
    thinking,
    text,
    toolCalls,
    inputTokens: words(everything).length,
    outputTokens: words(thinking).length + words(text).length + toolCalls.length * 8,
  }
}

/** Cuts a text into the pieces that a stream sends: words with the space that follows them. */
export function words(text: string): readonly string[] {
  return text.match(/\S+\s*|\s+/g) ?? []
}

function lastUserText(messages: readonly Record<string, unknown>[]): string {
  const last = messages.findLast((message) => message['role'] === 'user' && textOf(message['content']) !== '')
  return last === undefined ? '' : textOf(last['content'])
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .filter(isObject)
    .map((part) => (part['type'] === 'text' && typeof part['text'] === 'string' ? part['text'] : ''))
    .filter((text) => text !== '')
    .join(' ')
}

function callsOf(body: Record<string, unknown>, all: boolean, heard: string): MockAnswer['toolCalls'] {
  const offered = Array.isArray(body['tools']) ? body['tools'].filter(isObject) : []
  const names = offered
    .map((tool) => (isObject(tool['function']) ? tool['function']['name'] : tool['name']))
    .filter((name) => typeof name === 'string')
  return (all ? names : names.slice(0, 1)).map((name, index) => ({
    id: `call_mock_${index}`,
    name,
    input: { heard },
  }))
}
