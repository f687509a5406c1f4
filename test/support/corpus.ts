// Recorded provider traffic, read from the shared folder at run time. Owns finding and parsing a recording; judges nothing.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { Task } from '../../src/ir/dialect-id.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { createSseDecoder } from '../../src/wire/sse-decode.ts'
import { list, record, type Json } from './json.ts'
import { hasShared, sharedPath } from './shared.ts'

export type { Json } from './json.ts'

/** One half of a recorded exchange. `file` is its name in every test. */
export interface Recording {
  readonly file: string
  readonly exchange: string
  readonly role: 'request' | 'response'
  /** The dialect that Signalbox reads it with: OpenAI-compatible providers count as openai-chat. */
  readonly dialect: GenerativeId
  readonly task: Task
  /** The folder it lies in, `openai-compatible-quirks` among them. */
  readonly folder: string
  readonly endpoint: string
  readonly provider: string
  readonly model: string
  readonly status: number
  readonly stream: boolean
  /** Only `raw*` may be used to assert bytes and framing. */
  readonly fidelity: string
  readonly exercises: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly format: 'json' | 'sse' | 'eventstream'
}

const folders: Readonly<Record<string, GenerativeId>> = {
  'openai-chat': 'openai-chat',
  'openai-compatible-quirks': 'openai-chat',
  'openai-responses': 'openai-responses',
  'anthropic-messages': 'anthropic-messages',
  gemini: 'gemini',
  'bedrock-converse': 'bedrock-converse',
}

const tasks: Readonly<Record<string, Task>> = {
  embeddings: 'embed',
  embedContent: 'embed',
  batchEmbedContents: 'embed',
  countTokens: 'count-tokens',
  count_tokens: 'count-tokens',
}

let loaded: readonly Recording[] | undefined

/** Every recording, in the order of the index. */
export function recordings(): readonly Recording[] {
  loaded ??= hasShared ? readIndex() : []
  return loaded
}

function readIndex(): Recording[] {
  return readFileSync(sharedPath('corpus', 'recorded', 'INDEX.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => recordingOf(JSON.parse(line) as Json))
}

function recordingOf(entry: Json): Recording {
  const folder = String(entry['dialect'])
  const endpoint = String(entry['endpoint'])
  const dialect = endpoint === 'completions' ? 'openai-completions' : folders[folder]
  if (dialect === undefined) throw new Error(`the index has a folder that no dialect reads: ${folder}`)
  return {
    file: String(entry['file']),
    exchange: String(entry['exchange']),
    role: entry['role'] === 'request' ? 'request' : 'response',
    dialect,
    task: tasks[endpoint] ?? 'generate',
    folder,
    endpoint,
    provider: String(entry['provider']),
    model: String(entry['model'] ?? ''),
    status: Number(entry['status'] ?? 200),
    stream: entry['stream'] === true,
    fidelity: String(entry['fidelity']),
    exercises: (entry['exercises'] ?? []) as string[],
    headers: (entry['res_headers'] ?? entry['req_headers'] ?? {}) as Record<string, string>,
    format: formatOf(String(entry['file'])),
  }
}

function formatOf(file: string): Recording['format'] {
  if (file.endsWith('.sse')) return 'sse'
  return file.endsWith('.eventstream.json') ? 'eventstream' : 'json'
}

/** The exact bytes that were on the wire. */
export function bytesOf(recording: Recording): Uint8Array {
  if (recording.format === 'eventstream')
    return new Uint8Array(Buffer.from(String(jsonOf(recording)['raw_base64']), 'base64'))
  return new Uint8Array(readFileSync(sharedPath('corpus', 'recorded', recording.file)))
}

/** The parsed JSON of the file. */
export function jsonOf(recording: Recording): Json {
  return JSON.parse(readFileSync(sharedPath('corpus', 'recorded', recording.file), 'utf8')) as Json
}

/** The frames of a recorded stream as its dialect sees them, whatever framing they had. */
export function framesOf(recording: Recording): Frame[] {
  if (recording.format !== 'eventstream') return sseFrames(bytesOf(recording))
  const frames = eventStreamFrames(recording)
  return recording.dialect === 'anthropic-messages' ? frames.map(unwrapped) : frames
}

/** The frames of server-sent events, read in one piece. */
export function sseFrames(bytes: Uint8Array): Frame[] {
  const decoder = createSseDecoder(Number.MAX_SAFE_INTEGER)
  return [...decoder.push(bytes), ...decoder.end()].flatMap((block) => (block.frame === undefined ? [] : [block.frame]))
}

/** The frames of an AWS event stream as whoever recorded them read them: nothing of ours went into that. */
export function eventStreamFrames(recording: Recording): Frame[] {
  return list(jsonOf(recording)['frames'])
    .map(record)
    .map(({ headers, payload }): Frame => {
      const named = record(headers)
      const data = typeof payload === 'string' ? payload : JSON.stringify(payload)
      if (named[':message-type'] === 'exception')
        return { event: String(named[':exception-type']), data, kind: 'exception' }
      return { event: String(named[':event-type']), data }
    })
}

/** Bedrock's `invoke-with-response-stream` wraps each Anthropic event in a frame whose payload holds it as base64. */
function unwrapped({ data: payload }: Frame): Frame {
  const { bytes } = JSON.parse(payload) as { bytes: string }
  const data = Buffer.from(bytes, 'base64').toString('utf8')
  return { event: String((JSON.parse(data) as Json)['type']), data }
}

/** The request that a response answers, where the recording has both. */
export function requestOf(response: Recording): Recording | undefined {
  return recordings().find(
    (other) => other.role === 'request' && other.folder === response.folder && other.exchange === response.exchange,
  )
}

/** A case of `parallel/`: the same conversation captured on several wires. */
export interface ParallelFile {
  readonly file: string
  readonly name: string
  /** The name of its wire in the corpus; several may be of one dialect. */
  readonly folder: string
  readonly dialect: GenerativeId
  readonly kind: string
}

const parallelFolders: Readonly<Record<string, GenerativeId>> = {
  'chat-completions': 'openai-chat',
  responses: 'openai-responses',
  anthropic: 'anthropic-messages',
  'bedrock-anthropic': 'anthropic-messages',
  'vertex-anthropic': 'anthropic-messages',
  google: 'gemini',
  bedrock: 'bedrock-converse',
}

/** Every file of `parallel/`. */
export function parallelFiles(): ParallelFile[] {
  const root = sharedPath('corpus', 'parallel')
  if (!hasShared || !existsSync(root)) return []
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .sort()
    .map((path) => {
      const [name = '', folder = '', kind = ''] = path.split('/')
      const dialect = parallelFolders[folder]
      if (dialect === undefined) throw new Error(`parallel/ has a folder that no dialect reads: ${folder}`)
      return { file: `parallel/${path}`, name, folder, dialect, kind: kind.replace('.json', '') }
    })
}

/** The parsed content of a file of `parallel/`. */
export function parallelJson(entry: ParallelFile): unknown {
  return JSON.parse(readFileSync(sharedPath('corpus', ...entry.file.split('/')), 'utf8')) as unknown
}
