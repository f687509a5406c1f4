// One process that plays every provider of the matrix. A scene's requests are told from all others by a mark in the text
// of their question, so that scenes can run side by side. Owns how answers leave; what they say is the wire's.
import type { ServerResponse } from 'node:http'
import { startUpstream, type Received } from '../support/upstream.ts'
import {
  halve,
  type Asked,
  type Bytes,
  type ErrorAnswer,
  type Json,
  type ScriptedAnswer,
  type Wire,
} from './wires/wire.ts'

/** What becomes of one request. */
export type Told =
  | { readonly kind: 'answer'; readonly answer: ScriptedAnswer }
  | { readonly kind: 'count'; readonly tokens: number }
  | { readonly kind: 'error'; readonly status: 400 | 429 | 500 }
  /** The answer begins, and behind the first piece of its text comes an error, the end, a broken connection, or nothing. */
  | { readonly kind: 'failing' | 'ending' | 'breaking' | 'stalling'; readonly answer: ScriptedAnswer }
  | { readonly kind: 'silent' }

export interface Call extends Asked {
  /** The body as it came. */
  readonly text: string
  /** What was written, where that was a whole answer or a whole stream. */
  readonly answered?: string
  readonly aborted: Promise<void>
}

export interface Line {
  readonly wire: Wire
  readonly streamed: boolean
  /** The client speaks the same wire, so its bytes come as they are. */
  readonly passes: boolean
  /** The key that the gateway holds for the provider. */
  readonly key: string
  /** What must not get here. */
  readonly secret: string
  tell(call: Call): Told
}

export interface ScriptedProvider {
  readonly url: string
  /** Takes up the requests with this mark. */
  on(mark: string, line: Line): void
  calls(mark: string): Call[]
  /** What the provider would have refused in the requests with this mark. */
  faults(mark: string): string[]
  close(): Promise<void>
}

/** A mark as it stands in a question. */
export function marked(mark: string): string {
  return `[scene ${mark}]`
}

export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const upstream = await startUpstream((body) => /\[scene ([^\]]+)\]/.exec(body.toString())?.[1] ?? '')
  const faults = new Map<string, string[]>()
  const calls = new Map<string, Call[]>()
  return {
    url: upstream.url,
    on(mark, line) {
      const found: string[] = []
      faults.set(mark, found)
      const made: Call[] = []
      calls.set(mark, made)
      upstream.on(mark, async (response, received) => {
        const call = callOf(received)
        const index = made.push(call) - 1
        found.push(...faultsOf(received, call, line))
        const answered = await answer(response, call, line)
        if (answered !== undefined) made[index] = { ...call, answered }
      })
    },
    calls: (mark) => calls.get(mark) ?? [],
    faults: (mark) => faults.get(mark) ?? [],
    close: upstream.close,
  }
}

function callOf({ path, body, aborted }: Received): Call {
  const text = body.toString()
  return { path, aborted, text, body: JSON.parse(text) as Json }
}

/** Where a request went wrong: its path, its key, or its body. */
function faultsOf(received: Received, call: Call, { wire, streamed, key, secret, passes }: Line): string[] {
  const from = `/${wire.name}${wire.basePath}`
  const paths = [wire.pathOf(streamed), ...(wire.countPath === undefined ? [] : [wire.countPath])]
  const sent = Object.values(received.headers).flat().join('\n')
  return [
    ...(paths.some((path) => received.path === from + path) ? [] : [`called ${received.path}`]),
    ...(sent.includes(key) ? [] : ['came without the key']),
    ...(sent.includes(secret) ? ["came with the client's key"] : []),
    // What a client of the same wire has written is between it and the provider.
    ...(passes ? [] : wire.requestErrors({ ...call, path: call.path.slice(from.length - wire.basePath.length) })),
  ]
}

/** Answers, and tells what was written where nothing is missing from it. */
async function answer(response: ServerResponse, call: Call, line: Line): Promise<string | undefined> {
  const told = line.tell(call)
  const { wire, streamed } = line
  switch (told.kind) {
    case 'silent':
      return undefined
    case 'count':
      return json(response, 200, wire.counted?.(told.tokens) ?? {})
    case 'error': {
      const { body, headers } = wire.errorOf(told.status)
      json(response, told.status, body, headers)
      return undefined
    }
    case 'answer': {
      if (!streamed) return json(response, 200, wire.whole(told.answer, call))
      const bytes = await stream(response, wire, wire.events(told.answer, call))
      response.end()
      return bytes
    }
    default: {
      const begun = beginning(wire.events(told.answer, call), told.answer)
      await stream(response, wire, told.kind === 'failing' ? [...begun, wire.errorEvent()] : begun)
      if (told.kind === 'failing' || told.kind === 'ending') response.end()
      // What was written has to leave before the connection breaks.
      if (told.kind === 'breaking') setTimeout(() => response.destroy(), 20)
      return undefined
    }
  }
}

/** The events up to the first piece of the text. */
function beginning(events: readonly Bytes[], { text }: ScriptedAnswer): Bytes[] {
  const [first = ''] = halve(text)
  return events.slice(0, events.findIndex((event) => Buffer.from(event).includes(first)) + 1)
}

function json(response: ServerResponse, status: number, body: object, headers: ErrorAnswer['headers'] = {}): string {
  const text = JSON.stringify(body, null, 2)
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
  return text
}

/** Writes in pieces that end anywhere: in a character, in a line ending, in a frame's checksum. */
async function stream(response: ServerResponse, wire: Wire, events: readonly Bytes[]): Promise<string> {
  response.writeHead(200, { 'content-type': wire.streamType })
  const bytes = Buffer.concat(events.map((event) => Buffer.from(event)))
  for (let at = 0; at < bytes.length; at += 211) {
    response.write(bytes.subarray(at, at + 211))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return bytes.toString()
}
