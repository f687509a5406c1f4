// The official SDKs against a running gateway: every client, every provider, every feature, streamed and whole.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { requireShared } from '../support/shared.ts'
import { cases } from './cases/index.ts'
import { secrets, startGateway } from './gateway.ts'
import { isOf, knownFailures, knownReason, type Meeting } from './known-failures.ts'
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

interface Row extends Meeting {
  readonly title: string
  readonly via: Wire
  readonly run: (scene: Scene) => Promise<void>
}

/** Everything that a client has to do. */
function rowsOf(client: SdkClient): Row[] {
  return wires.flatMap((via) =>
    (['streamed', 'whole'] as const).flatMap((way) =>
      cases
        .filter(({ only, applies }) => (only ?? way) === way && (applies?.(client, via) ?? true))
        .map(({ feature, title, run }) => ({ client: client.name, wire: via.name, feature, way, title, via, run })),
    ),
  )
}

const clients = makers.map((make) => {
  const idle = make('http://127.0.0.1:1', 'none')
  return { name: idle.name, make, rows: rowsOf(idle) }
})
const tally = createTally({
  clients: clients.map(({ name }) => name),
  wires: wires.map(({ name }) => name),
  features: cases.map(({ feature }) => feature),
})

let provider: ScriptedProvider
let gateway: GatewayProcess

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
  if (tally.failed()) console.log(gateway?.stderr().slice(-4000))
  await gateway?.stop()
  await provider?.close()
})

/** Runs a case; one that is known to fail has to. */
async function meet(row: Row, scene: Scene): Promise<void> {
  const reason = knownReason(row)
  let failure: { readonly cause: unknown } | undefined
  try {
    await row.run(scene)
  } catch (cause) {
    failure = { cause }
  }
  if (reason === undefined) {
    tally.add(row, failure === undefined ? 'passed' : 'failed')
    if (failure !== undefined) throw failure.cause
    return
  }
  tally.add(row, failure === undefined ? 'failed' : 'known', reason)
  if (failure === undefined) throw new Error(`passes, and is listed as known to fail: ${reason}`)
}

describe.skipIf(!requireShared('SDK matrix')).concurrent.each(clients)('$name', ({ make, rows }) => {
  // Not a table of vitest's, which shortens long titles.
  for (const row of rows)
    it(`${row.client} to ${row.wire}, ${row.way}: ${row.title}`, async () => {
      const scene = createScene({
        make: () => make(gateway.url, secrets.gateway),
        wire: row.via,
        // After a rate limit the gateway keeps away from the account and the model for a while.
        ...(row.feature === '429' && { model: `${row.via.model}-${row.client}-${row.way}`.replaceAll(' ', '-') }),
        streamed: row.way === 'streamed',
        provider,
        mark: `${row.client} ${row.wire} ${row.feature} ${row.way}`,
        secrets,
      })
      await meet(row, scene)
    })
})

it('every known failure is of a meeting that takes place', () => {
  const rows = clients.flatMap(({ rows: own }) => own)
  expect(knownFailures.filter((known) => !rows.some((row) => isOf(known, row)))).toEqual([])
})
