// `signalbox mcp`: the operations as MCP tools over standard input and output. Stdout belongs to the protocol alone.
import process from 'node:process'
import { PassThrough } from 'node:stream'
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import type { Tier } from '../../src/catalog/snapshot.ts'
import { createMcpServer } from '../../src/http/mcp.ts'
import { operations } from '../../src/operations/index.ts'
import { toolName, type Envelope, type Operation } from '../../src/operations/operation.ts'
import { isObject } from '../../src/wire/json-parse.ts'
import { version } from '../version.ts'
import { CommandFailure, exitCodes, type ExitCode } from './failure.ts'
import { failedEnvelope } from './output.ts'
import { choosePlace, type Place, type PlaceFlags } from './place.ts'
import { runVerb } from './run-verb.ts'
import { note } from './terminal.ts'

const allTiers: readonly Tier[] = ['read', 'mutation', 'privileged']

/** Serves one client until it closes standard input. Throws where the configuration or the gateway cannot be had. */
export async function mcpMain(flags: PlaceFlags): Promise<ExitCode> {
  // A library that prints must not speak in between.
  console.log = console.info = console.debug = console.error
  const place = await choosePlace('anywhere', flags)
  const tiers = await grantedTiers(place)
  note(grantSummary(tiers, place))
  let underWay = 0
  const run = async (operation: Operation, input: unknown): Promise<Envelope> => {
    underWay++
    try {
      // Calls stay where the grants came from.
      return await runVerb({ operation, input, place: place.again })
    } catch (error) {
      return failedEnvelope(operation.verb, error)
    } finally {
      underWay--
    }
  }
  const input = new PassThrough()
  const transport = new StdioServerTransport(input, process.stdout)
  const handle = serveStdio(() => createMcpServer({ operations, tiers, version, run }), {
    transport,
    onerror: (error) => note(`mcp: ${error.message}`),
  })
  process.stdin.pipe(input, { end: false })
  await new Promise<void>((resolve) => {
    process.stdin.once('end', resolve)
    process.stdin.once('close', resolve)
  })
  await idle(() => underWay > 0)
  await handle.close()
  return exitCodes.ok
}

// The transport drops what is under way once its input ends; a script that pipes its calls in still wants the answers.
async function idle(isBusy: () => boolean): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet = isBusy() ? 0 : quiet + 1) await new Promise((done) => setTimeout(done, 10))
}

/** The tiers that the configuration grants, as the place itself tells them. */
async function grantedTiers(place: Place): Promise<readonly Tier[]> {
  const show = operations.find((operation) => operation.verb === 'config show')
  if (show === undefined) throw new Error('there is no operation config show')
  const envelope = await runVerb({ operation: show, input: {}, place: place.again })
  if (!envelope.ok) throw new CommandFailure(envelope.error.code, envelope.error.message)
  const config = isObject(envelope.data) ? envelope.data['config'] : undefined
  const mcp = isObject(config) ? config['mcp'] : undefined
  const tiers = isObject(mcp) && Array.isArray(mcp['tiers']) ? mcp['tiers'] : []
  return allTiers.filter((tier) => tiers.includes(tier))
}

function grantSummary(tiers: readonly Tier[], place: Place): string {
  const granted = operations.filter((operation) => tiers.includes(operation.tier)).map(toolName)
  const refused = operations.length - granted.length
  const what = granted.length === 0 ? 'no tools' : `${granted.length} tools (${granted.join(', ')})`
  return `signalbox mcp ${place.label}: tiers ${tiers.join(', ') || 'none'}; ${what}; ${refused} not granted`
}
