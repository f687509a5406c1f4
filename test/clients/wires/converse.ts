// A provider of Bedrock's Converse. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
import { encodeEventStream } from '../../../src/wire/aws-event-stream.ts'
import { callErrors } from '../../support/bedrock-model.ts'
import { inputOf } from '../sdk-client.ts'
import { signatures } from './signatures.ts'
import {
  counts,
  endOf,
  fragments,
  halve,
  member,
  nothingSeen,
  records,
  textIn,
  type ErrorAnswer,
  type Json,
  type ScriptedAnswer,
  type Seen,
  type Wire,
} from './wire.ts'

const words = { stop: 'end_turn', tool: 'tool_use', length: 'max_tokens' }
const model = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const modelPath = `/model/${encodeURIComponent(model)}`

export const converse: Wire = {
  name: 'converse',
  dialect: 'bedrock-converse',
  provider: {
    type: 'openai_compatible',
    api_formats: ['bedrock_converse'],
    auth_scheme: { kind: 'bearer' },
  },
  basePath: '',
  model,
  // Its answers name no model, so it can only be the one that was asked for.
  answering: model,
  abilities: {
    converses: true,
    signs: 'reasoning',
    ids: ['tooluse_kZJMlvQmRJ6eAyJE5GIl7Q', 'tooluse_Zb3mVx0QTfuoPq9sLrA1wg', 'tooluse_Hn8cYkD2S1iEvJzWtG5oXq'],
  },
  pathOf: (streamed) => `${modelPath}/${streamed ? 'converse-stream' : 'converse'}`,
  countPath: `${modelPath}/count-tokens`,
  requestErrors: ({ body, path }) => callErrors(path, body),
  see,
  whole,
  events,
  streamType: 'application/vnd.amazon.eventstream',
  counted: (tokens) => ({ inputTokens: tokens }),
  errorOf,
  errorEvent: () =>
    encodeEventStream([
      {
        kind: 'exception',
        event: 'modelStreamErrorException',
        data: JSON.stringify({ message: 'no', originalStatusCode: 500, originalMessage: 'no' }),
      },
    ]),
}

const usage = {
  inputTokens: counts.uncached,
  outputTokens: counts.output,
  totalTokens: counts.total,
  cacheReadInputTokens: counts.cached,
  cacheWriteInputTokens: 0,
}

function whole(answer: ScriptedAnswer): object {
  const { thinking, text, calls } = answer
  const content = [
    ...(thinking === undefined
      ? []
      : [{ reasoningContent: { reasoningText: { text: thinking, signature: signatures.converse } } }]),
    ...(text === undefined ? [] : [{ text }]),
    ...(calls ?? []).map(({ id, name, input }) => ({ toolUse: { toolUseId: id, name, input } })),
  ]
  return {
    metrics: { latencyMs: 1551 },
    output: { message: { content, role: 'assistant' } },
    stopReason: endOf(answer, words),
    usage,
  }
}

/** One message of the event stream; every payload is padded. */
function event(name: string, payload: object): Uint8Array {
  const padding = 'abcdefghijklmnopqrstuvwxyz'.slice(0, name.length)
  return encodeEventStream([{ event: name, data: JSON.stringify({ ...payload, p: padding }) }])
}

/** Only the blocks of tools are opened; usage comes behind the stop. */
function events(answer: ScriptedAnswer): Uint8Array[] {
  const { thinking, text, calls } = answer
  const blocks: { readonly start?: object; readonly deltas: readonly object[] }[] = []
  if (thinking !== undefined)
    blocks.push({
      deltas: [
        ...halve(thinking).map((piece) => ({ reasoningContent: { text: piece } })),
        { reasoningContent: { signature: signatures.converse } },
      ],
    })
  if (text !== undefined) blocks.push({ deltas: halve(text).map((piece) => ({ text: piece })) })
  for (const { id, name, input } of calls ?? [])
    blocks.push({
      start: { toolUse: { toolUseId: id, name } },
      deltas: fragments(input).map((piece) => ({ toolUse: { input: piece } })),
    })
  return [
    event('messageStart', { role: 'assistant' }),
    ...blocks.flatMap(({ start, deltas }, contentBlockIndex) => [
      ...(start === undefined ? [] : [event('contentBlockStart', { contentBlockIndex, start })]),
      ...deltas.map((delta) => event('contentBlockDelta', { contentBlockIndex, delta })),
      event('contentBlockStop', { contentBlockIndex }),
    ]),
    event('messageStop', { stopReason: endOf(answer, words) }),
    event('metadata', { usage, metrics: { latencyMs: 1551 } }),
  ]
}

/** The class of an error is in a header. */
function errorOf(status: 400 | 429 | 500): ErrorAnswer {
  const type = { 400: 'ValidationException', 429: 'ThrottlingException', 500: 'InternalServerException' }[status]
  return {
    body: { message: 'no' },
    headers: { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` },
  }
}

function see(body: Json): Seen {
  const turns = records(body['messages'])
  const blocks = turns.filter(({ role }) => role === 'user').flatMap(({ content }) => records(content))
  const assistant = records(turns.findLast(({ role }) => role === 'assistant')?.['content'])
  const schema = member(body, 'outputConfig', 'textFormat', 'structure', 'jsonSchema')['schema']
  const thinking = member(body, 'additionalModelRequestFields', 'thinking')
  return {
    ...nothingSeen,
    system: textIn(body['system']),
    images: blocks
      .filter((block) => 'image' in block)
      .map((block) => ({
        mediaType: `image/${String(member(block, 'image')['format'])}`,
        data: String(member(block, 'image', 'source')['bytes']),
      })),
    tools: records(member(body, 'toolConfig')['tools']).map((tool) => ({
      name: String(member(tool, 'toolSpec')['name']),
      schema: member(tool, 'toolSpec', 'inputSchema')['json'],
    })),
    forced: ['any', 'tool'].some((kind) => kind in member(body, 'toolConfig', 'toolChoice')),
    schema: typeof schema === 'string' ? inputOf(schema) : undefined,
    reasoning: thinking['type'] === 'enabled' ? thinking['budget_tokens'] : thinking['type'],
    turn: assistant.map(kindOf),
    calls: assistant
      .filter((block) => 'toolUse' in block)
      .map((block) => {
        const { toolUseId, name, input } = member(block, 'toolUse')
        return { id: String(toolUseId), name: String(name), input }
      }),
    results: blocks
      .filter((block) => 'toolResult' in block)
      .map((block) => {
        const { toolUseId, content } = member(block, 'toolResult')
        return {
          id: String(toolUseId),
          text: records(content)
            .map((part) => part['text'] ?? JSON.stringify(part))
            .join(''),
        }
      }),
    resultTurns: turns.filter(({ content }) => records(content).some((block) => 'toolResult' in block)).length,
    signatures: assistant
      .map((block) => member(block, 'reasoningContent', 'reasoningText'))
      .filter(({ signature }) => signature !== undefined)
      .map(({ text, signature }) => ({ on: 'reasoning', about: String(text), signature: String(signature) })),
  }
}

function kindOf(block: Json): string {
  if ('toolUse' in block) return 'tool-call'
  return 'reasoningContent' in block ? 'reasoning' : (Object.keys(block)[0] ?? '')
}
