// Recorded provider traffic, read from the shared folder at run time. Owns finding and parsing a recording; judges nothing.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { createSseDecoder } from '../../src/wire/sse-decode.ts'
import { hasShared, sharedPath } from './shared.ts'

export type Json = Record<string, unknown>

/** One half of a recorded exchange. `file` is its name in every test. */
export interface Recording {
  readonly file: string
  readonly exchange: string
  readonly role: 'request' | 'response'
  /** The dialect that Signalbox reads it with: OpenAI-compatible providers count as openai-chat. */
  readonly dialect: DialectId
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

const folders: Readonly<Record<string, DialectId>> = {
  'openai-chat': 'openai-chat',
  'openai-compatible-quirks': 'openai-chat',
  'anthropic-messages': 'anthropic-messages',
}

let loaded: readonly Recording[] | undefined

/** Every recording of the dialects that Signalbox speaks, in the order of the index. */
export function recordings(): readonly Recording[] {
  loaded ??= hasShared ? readIndex() : []
  return loaded
}

function readIndex(): Recording[] {
  return readFileSync(sharedPath('corpus', 'recorded', 'INDEX.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Json)
    .filter((entry) => folders[String(entry['dialect'])] !== undefined)
    .map((entry) => ({
      file: String(entry['file']),
      exchange: String(entry['exchange']),
      role: entry['role'] === 'request' ? 'request' : 'response',
      dialect: folders[String(entry['dialect'])] ?? 'openai-chat',
      folder: String(entry['dialect']),
      endpoint: String(entry['endpoint']),
      provider: String(entry['provider']),
      model: String(entry['model'] ?? ''),
      status: Number(entry['status'] ?? 200),
      stream: entry['stream'] === true,
      fidelity: String(entry['fidelity']),
      exercises: (entry['exercises'] ?? []) as string[],
      headers: (entry['res_headers'] ?? entry['req_headers'] ?? {}) as Record<string, string>,
      format: formatOf(String(entry['file'])),
    }))
}

function formatOf(file: string): Recording['format'] {
  if (file.endsWith('.sse')) return 'sse'
  return file.endsWith('.eventstream.json') ? 'eventstream' : 'json'
}

/**
 * Why a recording is no traffic of its dialect, or undefined. OpenAI's legacy text completions lie in the same
 * folders, but are a wire of their own.
 */
export function foreignEndpoint(recording: Recording): string | undefined {
  return recording.endpoint === 'completions' ? 'legacy text completions: not one of the dialects' : undefined
}

/** The exact bytes of the file. */
export function bytesOf(recording: Recording): Uint8Array {
  return new Uint8Array(readFileSync(sharedPath('corpus', 'recorded', recording.file)))
}

/** The parsed JSON of a request or of a response that is not a stream. */
export function jsonOf(recording: Recording): Json {
  return JSON.parse(readFileSync(sharedPath('corpus', 'recorded', recording.file), 'utf8')) as Json
}

/** The frames of a recorded stream, whatever framing it had. */
export function framesOf(recording: Recording): Frame[] {
  return recording.format === 'eventstream' ? framesOfEventStream(recording) : sseFrames(bytesOf(recording))
}

/** The frames of server-sent events, read in one piece. */
export function sseFrames(bytes: Uint8Array): Frame[] {
  const decoder = createSseDecoder(Number.MAX_SAFE_INTEGER)
  return [...decoder.push(bytes), ...decoder.end()].flatMap((block) => (block.frame === undefined ? [] : [block.frame]))
}

/** Bedrock wraps each Anthropic event in a frame whose payload holds it as base64. */
function framesOfEventStream(recording: Recording): Frame[] {
  const frames = jsonOf(recording)['frames'] as { payload: string }[]
  return frames.map(({ payload }) => {
    const { bytes } = JSON.parse(payload) as { bytes: string }
    const data = Buffer.from(bytes, 'base64').toString('utf8')
    return { event: String((JSON.parse(data) as Json)['type']), data }
  })
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
  readonly dialect: DialectId
  readonly kind: string
}

const parallelFolders: Readonly<Record<string, DialectId>> = {
  'chat-completions': 'openai-chat',
  anthropic: 'anthropic-messages',
  'bedrock-anthropic': 'anthropic-messages',
  'vertex-anthropic': 'anthropic-messages',
}

/** Every file of `parallel/` on a wire that Signalbox speaks. */
export function parallelFiles(): ParallelFile[] {
  const root = sharedPath('corpus', 'parallel')
  if (!hasShared || !existsSync(root)) return []
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .sort()
    .flatMap((path) => {
      const [name, folder, kind] = path.split('/')
      const dialect = parallelFolders[folder ?? '']
      if (name === undefined || kind === undefined || dialect === undefined) return []
      return [{ file: `parallel/${path}`, name, dialect, kind: kind.replace('.json', '') }]
    })
}

/** The parsed content of a file of `parallel/`. */
export function parallelJson(entry: ParallelFile): unknown {
  return JSON.parse(readFileSync(sharedPath('corpus', ...entry.file.split('/')), 'utf8')) as unknown
}
