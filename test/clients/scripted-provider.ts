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
        found.push(...faultsOf(received, call, line))
        const told = line.tell(call)
        const reply = told.kind === 'silent' ? undefined : replyOf(told, call, line)
        made.push(reply?.complete === true ? { ...call, answered: reply.body.toString() } : call)
        if (reply !== undefined) await write(response, reply)
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

/** An answer, ready to be written. */
interface Reply {
  readonly status: number
  readonly headers: ErrorAnswer['headers']
  readonly body: Buffer
  /** Nothing is missing from it. */
  readonly complete: boolean
  readonly end: 'close' | 'break' | 'stall'
}

function replyOf(told: Exclude<Told, { kind: 'silent' }>, call: Call, { wire, streamed }: Line): Reply {
  switch (told.kind) {
    case 'count':
      return whole(wire.counted?.(told.tokens) ?? {})
    case 'error': {
      const { body, headers } = wire.errorOf(told.status)
      return { ...whole(body), status: told.status, headers: { ...json, ...headers }, complete: false }
    }
    case 'answer':
      return streamed ? stream(wire, wire.events(told.answer, call)) : whole(wire.whole(told.answer, call))
    default: {
      const begun = beginning(wire.events(told.answer, call), told.answer)
      const events = told.kind === 'failing' ? [...begun, wire.errorEvent()] : begun
      const end = told.kind === 'breaking' ? 'break' : told.kind === 'stalling' ? 'stall' : 'close'
      return { ...stream(wire, events), complete: false, end }
    }
  }
}

/** The events up to the first piece of the text. */
function beginning(events: readonly Bytes[], { text }: ScriptedAnswer): Bytes[] {
  const [first = ''] = halve(text)
  return events.slice(0, events.findIndex((event) => Buffer.from(event).includes(first)) + 1)
}

const json = { 'content-type': 'application/json' }

function whole(body: object): Reply {
  return { status: 200, headers: json, body: Buffer.from(JSON.stringify(body, null, 2)), complete: true, end: 'close' }
}

function stream({ streamType }: Wire, events: readonly Bytes[]): Reply {
  const body = Buffer.concat(events.map((event) => Buffer.from(event)))
  return { status: 200, headers: { 'content-type': streamType }, body, complete: true, end: 'close' }
}

/** Writes in pieces that end anywhere: in a character, in a line ending, in a frame's checksum. */
async function write(response: ServerResponse, { status, headers, body, end }: Reply): Promise<void> {
  response.writeHead(status, headers)
  for (let at = 0; at < body.length; at += 211) {
    response.write(body.subarray(at, at + 211))
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (end === 'close') response.end()
  // What was written has to leave before the connection breaks.
  if (end === 'break') setTimeout(() => response.destroy(), 20)
}
