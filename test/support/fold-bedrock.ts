// The events of a Bedrock Converse stream as one answer, in the shape of `Converse`. Independent of the code under test.
import type { Frame } from '../../src/wire/frame.ts'
import { list, parse, parseArguments, record, says, text, type Json } from './json.ts'

interface Block {
  kind: 'text' | 'toolUse' | 'toolResult' | 'reasoning' | 'redacted' | 'other'
  readonly start: Json
  readonly texts: string[]
  readonly citations: unknown[]
  readonly content: unknown[]
  signature: string
}

/**
 * One `ConverseResponse` of a stream. The padding `p` is dropped; a text or reasoning block begins with its first delta.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
 */
export function foldBedrock(frames: readonly Frame[]): Json {
  const blocks = new Map<number, Block>()
  let role: unknown
  let rest: Json = {}
  for (const frame of frames) {
    const { p: _padding, ...payload } = record(parse(frame.data))
    const index = Number(payload['contentBlockIndex'])
    switch (frame.event) {
      case 'messageStart':
        role = payload['role']
        break
      case 'contentBlockStart': {
        const [kind, start] = Object.entries(record(payload['start']))[0] ?? ['other', {}]
        const known = kind === 'toolUse' || kind === 'toolResult' ? kind : 'other'
        blocks.set(index, block(known, record(start)))
        break
      }
      case 'contentBlockDelta':
        addDelta(blocks, index, record(payload['delta']))
        break
      case 'messageStop':
      case 'metadata':
        rest = { ...rest, ...payload }
        break
      default:
        if (frame.kind !== undefined) rest = { ...rest, error: { type: frame.event, ...payload } }
    }
  }
  const content = [...blocks.entries()].sort(([left], [right]) => left - right).map(([, entry]) => closed(entry))
  return { output: { message: { role, content } }, ...rest }
}

function block(kind: Block['kind'], start: Json): Block {
  return { kind, start, texts: [], citations: [], content: [], signature: '' }
}

function addDelta(blocks: Map<number, Block>, index: number, delta: Json): void {
  const open = blocks.get(index) ?? block('text', {})
  blocks.set(index, open)
  if ('text' in delta) open.texts.push(text(delta['text']))
  if ('citation' in delta) open.citations.push(delta['citation'])
  if ('toolUse' in delta) open.texts.push(text(record(delta['toolUse'])['input']))
  if ('toolResult' in delta) open.content.push(...list(delta['toolResult']))
  if (!('reasoningContent' in delta)) return
  const { text: thought, signature, redactedContent } = record(delta['reasoningContent'])
  open.kind = says(redactedContent) ? 'redacted' : 'reasoning'
  open.texts.push(text(thought) + text(redactedContent))
  open.signature += text(signature)
}

function closed({ kind, start, texts, citations, content, signature }: Block): Json {
  const joined = texts.join('')
  switch (kind) {
    case 'text':
      if (citations.length === 0) return { text: joined }
      return { citationsContent: { content: joined === '' ? [] : [{ text: joined }], citations } }
    case 'toolUse':
      return { toolUse: { ...start, input: parseArguments(joined) } }
    case 'toolResult':
      return { toolResult: { ...start, content } }
    case 'reasoning':
      return {
        reasoningContent: { reasoningText: { text: joined, ...(signature !== '' && { signature }) } },
      }
    case 'redacted':
      return { reasoningContent: { redactedContent: joined } }
    case 'other':
      return { other: start }
  }
}
