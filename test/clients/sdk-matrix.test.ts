// The official SDKs against a running gateway: every client, every provider, every feature, streamed and whole.
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { requireShared } from '../support/shared.ts'
import { cases } from './cases.ts'
import { secrets, startGateway } from './gateway.ts'
import { knownReason, type Meeting } from './known-failures.ts'
import { createScene, type Scene } from './scene.ts'
import { startScriptedProvider, type ScriptedProvider } from './scripted-provider.ts'
import type { SdkClient } from './sdk-client.ts'
import { aiAnthropic } from './sdks/ai-anthropic.ts'
import { aiGoogle } from './sdks/ai-google.ts'
import { aiOpenaiChat, aiOpenaiResponses } from './sdks/ai-openai.ts'
import { anthropic } from './sdks/anthropic.ts'
import { genai } from './sdks/genai.ts'
import { openaiChat } from './sdks/openai-chat.ts'
import { openaiCompletions } from './sdks/openai-completions.ts'
import { openaiResponses } from './sdks/openai-responses.ts'
import { createTally } from './tally.ts'
import { wires } from './wires/index.ts'
import type { Wire } from './wires/wire.ts'

const makers: readonly ((url: string, key: string) => SdkClient)[] = [
  openaiChat,
  openaiResponses,
  openaiCompletions,
  anthropic,
  genai,
  aiOpenaiResponses,
  aiOpenaiChat,
  aiAnthropic,
  aiGoogle,
]

let provider: ScriptedProvider
let gateway: GatewayProcess
const tally = createTally()

beforeAll(async () => {
  provider = await startScriptedProvider()
  gateway = await startGateway(
    Object.fromEntries(
      wires.map((wire) => [wire.name, { ...wire.provider, base_url: `${provider.url}/${wire.name}${wire.basePath}` }]),
    ),
  )
})
afterAll(async () => {
  console.log(tally.print())
  await gateway?.stop()
  await provider?.close()
})

/** Runs a case; one that is known to fail has to. */
async function meet(meeting: Meeting, run: () => Promise<void>): Promise<void> {
  const reason = knownReason(meeting)
  let failure: { readonly cause: unknown } | undefined
  try {
    await run()
  } catch (cause) {
    failure = { cause }
  }
  if (reason === undefined) {
    tally.add(meeting, failure === undefined ? 'passed' : 'failed')
    if (failure !== undefined) throw failure.cause
    return
  }
  tally.add(meeting, failure === undefined ? 'failed' : 'known', reason)
  if (failure === undefined) throw new Error(`passes, and is listed as known to fail: ${reason}`)
}

interface Row {
  readonly client: string
  readonly way: 'streamed' | 'whole'
  readonly title: string
  readonly feature: string
  readonly wire: Wire
  readonly run: (scene: Scene) => Promise<void>
}

/** Everything that a client has to do. */
function rowsOf(client: SdkClient): Row[] {
  return wires.flatMap((wire) =>
    (['streamed', 'whole'] as const).flatMap((way) =>
      cases
        .filter(({ only, applies }) => (only ?? way) === way && (applies?.(client, wire) ?? true))
        .map(({ feature, title, run }) => ({ client: client.name, way, title, feature, wire, run })),
    ),
  )
}

const clients = makers.map((make) => {
  const idle = make('http://127.0.0.1:1', 'none')
  return { name: idle.name, make, rows: rowsOf(idle) }
})

describe.skipIf(!requireShared('SDK matrix')).concurrent.each(clients)('$name', ({ make, rows }) => {
  // Not a table of vitest's, which shortens long titles.
  for (const { client, wire, way, feature, title, run } of rows)
    it(`${client} to ${wire.name}, ${way}: ${title}`, async () => {
      const scene = createScene({
        make: () => make(gateway.url, secrets.gateway),
        wire,
        streamed: way === 'streamed',
        provider,
        mark: `${client} ${wire.name} ${feature} ${way}`,
        secrets,
      })
      await meet({ client, wire: wire.name, feature, way }, () => run(scene))
    })
})
