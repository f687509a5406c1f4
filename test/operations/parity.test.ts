import { describe, expect, it } from 'vitest'
import { Hono } from 'hono'
import type { DoorEnv } from '../../src/http/door.ts'
import { mountControlPlane } from '../../src/http/control-plane.ts'
import { createMcpServer } from '../../src/http/mcp.ts'
import { operations } from '../../src/operations/index.ts'
import { commands } from '../../node-adapter/cli/commands.ts'
import { Client, InMemoryTransport } from '@modelcontextprotocol/client'

/** Each surface's own list, taken from what it really offers, in one spelling. */
function httpNames(): readonly string[] {
  const app = new Hono<DoorEnv>()
  const unused = () => {
    throw new Error('not asked for')
  }
  mountControlPlane(app, { ports: new Proxy({} as never, { get: unused }), status: unused })
  const paths = app.routes.map((route) => route.path).filter((path) => path.startsWith('/admin/v1/'))
  return paths.map((path) => path.slice('/admin/v1/'.length))
}

function verbNames(): readonly string[] {
  return commands.filter((command) => command.kind === 'operation').map((command) => command.verb.replaceAll(' ', '-'))
}

async function toolNames(): Promise<readonly string[]> {
  const server = createMcpServer({
    operations,
    tiers: ['read', 'mutation', 'privileged'],
    version: '1',
    run: () => Promise.reject(new Error('not asked for')),
  })
  const [near, far] = InMemoryTransport.createLinkedPair()
  const client = new Client({ name: 'test', version: '1' })
  await Promise.all([server.connect(near), client.connect(far)])
  const { tools } = await client.listTools()
  await client.close()
  return tools.map((tool) => tool.name.replaceAll('_', '-'))
}

describe('every operation', () => {
  const names = operations.map((operation) => operation.verb.replaceAll(' ', '-')).toSorted()

  it('is an HTTP path, and no other path is there', () => {
    expect(httpNames().toSorted()).toEqual(names)
  })

  it('is a verb of the command line, beside the few that are about the process itself', () => {
    expect(verbNames().toSorted()).toEqual(names)
    expect(commands.filter((command) => command.kind === 'local').map((command) => command.verb)).toEqual([
      'serve',
      'init',
      'mcp',
      'vault init',
      'vault keygen',
      'vault retire',
      'vault export',
      'vault import',
      'version',
      'help',
    ])
  })

  it('is an MCP tool, and no other tool is there', async () => {
    expect((await toolNames()).toSorted()).toEqual(names)
  })
})
