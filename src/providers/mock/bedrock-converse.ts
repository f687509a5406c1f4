// Spells the mock's answer on the wire of Bedrock Converse, whose streams are AWS event streams and no server-sent events.
// @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
import { encodeEventStream } from '../../wire/aws-event-stream.ts'
import type { Frame } from '../../wire/frame.ts'
import { words, type MockAnswer } from './answer.ts'
import { isSaid, joined, objectOf, objectsIn, textIn } from './check.ts'
import { converseCheck, countCheck } from './check-bedrock-converse.ts'
import { parseJson } from '../../wire/json-parse.ts'
import type { Heard, Members, MockCounter, MockFailure, MockRequest, MockWire, ReturnedThought } from './wire.ts'

interface Block {
  /** Only calls are announced: text and reasoning begin with their first delta. */
  readonly start?: Members
  readonly deltas: readonly Members[]
  readonly whole: Members
}

function blocks({ thinking, signature, text, toolCalls }: MockAnswer): readonly Block[] {
  const found: Block[] = []
  if (thinking !== '')
    found.push({
      deltas: [
        ...words(thinking).map((word) => ({ reasoningContent: { text: word } })),
        { reasoningContent: { signature } },
      ],
      whole: { reasoningContent: { reasoningText: { text: thinking, signature } } },
    })
  if (text !== '') found.push({ deltas: words(text).map((word) => ({ text: word })), whole: { text } })
  for (const { id, name, input } of toolCalls) {
    const toolUseId = id.replace('call', 'tooluse')
    found.push({
      start: { toolUse: { toolUseId, name } },
      deltas: [{ toolUse: { input: JSON.stringify(input) } }],
      whole: { toolUse: { toolUseId, name, input } },
    })
  }
  return found
}

function stopReason({ refusal, toolCalls }: MockAnswer): string {
  if (refusal !== '') return 'content_filtered'
  return toolCalls.length > 0 ? 'tool_use' : 'end_turn'
}

function usage({ inputTokens, outputTokens }: MockAnswer): Members {
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens }
}

/** One message. Amazon pads each payload to a length that says nothing about the text. */
function frame(event: string, payload: Members): Frame {
  return { event, data: JSON.stringify({ ...payload, p: 'abcdefgh' }) }
}

/** The frames of a block in pieces with one delta each: the first opens it, the last closes it. */
function pieces(block: Block, contentBlockIndex: number): Frame[][] {
  const { start, deltas } = block
  return deltas.map((delta, position) => [
    ...(position === 0 && start !== undefined ? [frame('contentBlockStart', { start, contentBlockIndex })] : []),
    frame('contentBlockDelta', { delta, contentBlockIndex }),
    ...(position === deltas.length - 1 ? [frame('contentBlockStop', { contentBlockIndex })] : []),
  ])
}

function hear({ body }: MockRequest): Heard {
  const turns = objectsIn(body['messages']).map(({ role, content }) => ({ role, blocks: objectsIn(content) }))
  const spoken = turns.findLast(({ role, blocks: list }) => role === 'user' && textOf(list) !== '')
  const results = (turns.at(-1)?.blocks ?? []).filter((block) => block['toolResult'] !== undefined)
  const config = objectOf(body['toolConfig'])
  const choice = objectOf(config['toolChoice'])
  const format = objectOf(objectOf(objectOf(body['outputConfig'])['textFormat'])['structure'])
  const schema = parseJson(textIn(objectOf(format['jsonSchema'])['schema']))
  return {
    everything: joined([textOf(objectsIn(body['system'])), ...turns.map((turn) => textOf(turn.blocks))]),
    said: textOf(spoken?.blocks ?? []),
    ...(results.length > 0 && { results: joined(results.map(resultText)) }),
    tools: objectsIn(config['tools'])
      .map((tool) => objectOf(tool['toolSpec']))
      .map((spec) => ({ name: textIn(spec['name']), schema: objectOf(spec['inputSchema'])['json'] }))
      .filter(({ name }) => name !== ''),
    ...((choice['any'] !== undefined || choice['tool'] !== undefined) && {
      forced: textIn(objectOf(choice['tool'])['name']),
    }),
    ...(schema !== undefined && { schema }),
    calls: turns.flatMap((turn) => turn.blocks).filter(isCall).length,
    signer: 'converse',
    isThoughtless: !isThinking(objectOf(body['additionalModelRequestFields'])),
    thoughts: turns.flatMap((turn) => thoughtOf(turn.blocks)),
  }
}

function isCall(block: Members): boolean {
  return block['toolUse'] !== undefined
}

/** Each maker of models has a switch of its own; what is called off is off, everything else on. */
function isThinking(fields: Members): boolean {
  const said = [fields['thinking'], fields['reasoning_config'], fields['reasoningConfig']].find(isSaid)
  return said === undefined ? isSaid(fields['reasoning_effort']) : objectOf(said)['type'] !== 'disabled'
}

function thoughtOf(list: readonly Members[]): readonly ReturnedThought[] {
  const calls = list.filter(isCall).map((block) => textIn(objectOf(block['toolUse'])['toolUseId']))
  const thought = objectOf(list.map((block) => objectOf(block['reasoningContent'])['reasoningText']).find(Boolean))
  const signature = textIn(thought['signature'])
  if (signature === '') return calls.length === 0 ? [] : [{ calls }]
  return [{ calls, signature, text: textIn(thought['text']) }]
}

function textOf(list: readonly Members[]): string {
  return joined(list.map((block) => textIn(block['text'])))
}

function resultText(block: Members): string {
  const content = objectsIn(objectOf(block['toolResult'])['content'])
  return joined(content.map((part) => ('json' in part ? JSON.stringify(part['json']) : textIn(part['text']))))
}

const exceptions: ReadonlyMap<number, string> = new Map([
  [400, 'ValidationException'],
  [401, 'UnrecognizedClientException'],
  [402, 'ServiceQuotaExceededException'],
  [403, 'AccessDeniedException'],
  [404, 'ResourceNotFoundException'],
  [408, 'ModelTimeoutException'],
  [424, 'ModelErrorException'],
  [429, 'ThrottlingException'],
  [503, 'ServiceUnavailableException'],
  [529, 'ServiceUnavailableException'],
])

/** What went wrong stands in a header, with the address of a service behind it; the body has the message alone. */
function failure(status: number, message: string, retryAfterS?: number): MockFailure {
  const type = exceptions.get(status) ?? (status < 500 ? 'ValidationException' : 'InternalServerException')
  const source = 'http://internal.amazon.com/coral/com.amazon.bedrock/'
  const wait = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
  return { headers: { 'x-amzn-errortype': `${type}:${source}`, ...wait }, body: { message } }
}

/** The mock on `/model/{id}/converse` and `/model/{id}/converse-stream`. */
export const converseWire: MockWire = {
  check: converseCheck,
  hear,
  json: (answer) => ({
    output: { message: { role: 'assistant', content: blocks(answer).map((block) => block.whole) } },
    stopReason: stopReason(answer),
    usage: usage(answer),
    metrics: { latencyMs: 1 },
  }),
  stream(answer) {
    const message = 'the mock was told to fail'
    return {
      contentType: 'application/vnd.amazon.eventstream',
      start: encodeEventStream([frame('messageStart', { role: 'assistant' })]),
      content: blocks(answer)
        .flatMap(pieces)
        .map((frames) => encodeEventStream(frames)),
      // Usage comes behind the end.
      end: encodeEventStream([
        frame('messageStop', { stopReason: stopReason(answer) }),
        frame('metadata', { usage: usage(answer), metrics: { latencyMs: 1 } }),
      ]),
      error: () =>
        encodeEventStream([
          {
            kind: 'exception',
            event: 'modelStreamErrorException',
            data: JSON.stringify({ message, originalStatusCode: 500, originalMessage: message }),
          },
        ]),
    }
  },
  failure,
}

/** The mock on `/model/{id}/count-tokens`. */
export const converseCounter: MockCounter = {
  check: countCheck,
  hear: ({ model, body }) => hear({ model, body: objectOf(objectOf(body['input'])['converse']) }),
  count: (tokens) => ({ inputTokens: tokens }),
  failure,
}
