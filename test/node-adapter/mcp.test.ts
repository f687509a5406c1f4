import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operations } from '../../src/operations/index.ts'
import { toolName, type Envelope } from '../../src/operations/operation.ts'
import { compiledFolder } from '../support/compiled-folder.ts'
import { processRuntimes } from '../support/full-run.ts'
import { createBench, exitOf, runtimes, type Bench, type RuntimeUnderTest } from './cli-harness.ts'

const document = {
  providers: { mock: { type: 'mock' } },
  routes: { fast: { targets: [{ provider: 'mock', model: 'echo' }] } },
  storage: { kind: 'memory' },
}

let bench: Bench
let config: string
let closedConfig: string

beforeAll(() => {
  bench = createBench()
  config = bench.file('gateway.jsonc', document)
  closedConfig = bench.file('closed.jsonc', { ...document, mcp: { tiers: [] } })
})

afterAll(() => bench.dispose())

interface Session {
  readonly client: Client
  readonly stderr: () => string
  close(): Promise<void>
}

async function connect(args: readonly string[], runtime: RuntimeUnderTest = 'node'): Promise<Session> {
  const [command, ...before] = runtimes[runtime]
  const transport = new StdioClientTransport({
    command,
    args: [...before, 'mcp', ...args],
    env: { PATH: '/usr/bin:/bin', HOME: bench.home, NODE_COMPILE_CACHE: compiledFolder },
    stderr: 'pipe',
  })
  let stderr = ''
  transport.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(transport)
  return { client, stderr: () => stderr, close: () => client.close() }
}

async function call(client: Client, name: string, args: Record<string, unknown> = {}) {
  const result = await client.callTool({ name, arguments: args })
  return {
    envelope: result.structuredContent as unknown as Envelope,
    content: result.content,
    isError: result.isError === true,
  }
}

// What a configuration grants that says nothing of it.
const readable = operations.filter(({ tier }) => tier === 'read')

const onRuntimes = processRuntimes<RuntimeUnderTest>('MCP over standard input and output', ['node', 'bun', 'deno'])

describe.each(onRuntimes)('the tools over standard input and output, on %s', (runtime) => {
  it('are listed, run and refused', async () => {
    const session = await connect(['--config', config], runtime)
    try {
      const { tools } = await session.client.listTools()
      expect(tools.map((tool) => tool.name).toSorted()).toEqual(readable.map(toolName).toSorted())
      const { envelope, content, isError } = await call(session.client, 'routes_list')
      expect(isError).toBe(false)
      expect(envelope).toMatchObject({ ok: true, command: 'routes list', count: 1, data: [{ name: 'fast' }] })
      expect(JSON.parse((content as readonly { readonly text: string }[])[0]?.text ?? '')).toEqual(envelope)
      const wrong = await call(session.client, 'routes_show', { name: 'slow' })
      expect(wrong).toMatchObject({ isError: true, envelope: { ok: false, error: { code: 'not_found' } } })
    } finally {
      await session.close()
    }
  })
})

describe('the tools', () => {
  let session: Session

  beforeAll(async () => {
    session = await connect(['--config', config])
  })

  afterAll(() => session.close())

  it('have closed schemas, a sentence, and say what they do to the world', async () => {
    const { tools } = await session.client.listTools()
    for (const tool of tools) {
      expect(tool.inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
      expect(tool.description).toMatch(/\.$/)
      expect(tool.annotations).toMatchObject({ readOnlyHint: true })
      expect(tool.outputSchema).toMatchObject({ type: 'object', required: ['ok', 'command', 'schema_version'] })
    }
  })

  it.each([
    ['an unknown argument', 'routes_list', { colour: 'red' }, 'invalid_value', 'colour'],
    ['an argument that is missing', 'routes_show', {}, 'missing_required_parameter', 'name'],
    ['an argument out of range', 'trace_list', { limit: 5000 }, 'invalid_value', 'limit'],
  ])('answer %s with an envelope that says so', async (_what, name, args, code, param) => {
    expect(await call(session.client, name, args)).toMatchObject({
      isError: true,
      envelope: { error: { code, param } },
    })
  })

  it('take whole objects', async () => {
    const body = { model: 'fast', messages: [{ role: 'user', content: 'hi' }] }
    expect(await call(session.client, 'route_preview', { body })).toMatchObject({
      isError: false,
      envelope: { data: { selected: { target: 'mock/echo' } } },
    })
  })

  it('that do not exist are an error of the protocol', async () => {
    await expect(session.client.callTool({ name: 'rm_rf', arguments: {} })).rejects.toThrow(/no tool/)
  })

  it('that need a gateway say so where none runs', async () => {
    expect(await call(session.client, 'status')).toMatchObject({
      isError: true,
      envelope: { error: { code: 'gateway_unavailable' } },
    })
  })

  it('are announced on stderr', () => {
    expect(session.stderr()).toContain(`in process on ${config}: tiers read; ${readable.length} tools`)
  })
})

describe('a configuration that grants nothing', () => {
  it('lists no tool and refuses every one of them', async () => {
    const session = await connect(['--config', closedConfig])
    try {
      expect((await session.client.listTools()).tools).toEqual([])
      for (const operation of operations)
        expect(await call(session.client, toolName(operation))).toMatchObject({
          isError: true,
          envelope: { ok: false, error: { code: 'insufficient_tier' } },
        })
      expect(session.stderr()).toContain('tiers none')
    } finally {
      await session.close()
    }
  })
})

describe('a running gateway', () => {
  it('is asked by the tools, with the grants of its own configuration', async () => {
    const gateway = await bench.serve(['--config', config, '--port', '0'])
    const session = await connect([])
    try {
      expect(await call(session.client, 'status')).toMatchObject({
        isError: false,
        envelope: { data: { url: gateway.url } },
      })
      expect(session.stderr()).toContain(`on ${gateway.url}`)
    } finally {
      await session.close()
      await gateway.stop()
    }
  })
})

describe('standard output', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
  }
  const calls = [
    initialize,
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 2, method: 'tools/list' },
    { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'trace_list', arguments: {} } },
    { jsonrpc: '2.0', id: 4, method: 'tools/call', params: { name: 'config_show', arguments: {} } },
  ]

  it('holds nothing but JSON-RPC, and every answer although the input has ended', async () => {
    const input = calls.map((message) => `${JSON.stringify(message)}\n`).join('')
    const { code, stdout } = await bench.run(['mcp', '--config', config], { input })
    expect(code).toBe(0)
    const messages = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly jsonrpc: string; readonly id: number })
    expect(messages.every((message) => message.jsonrpc === '2.0')).toBe(true)
    expect(messages.map((message) => message.id).toSorted()).toEqual([1, 2, 3, 4])
  })

  it('stays empty where the configuration is refused', async () => {
    const wrong = bench.file('wrong.jsonc', '{ "serverr": {} }')
    const { code, stdout, stderr } = await bench.run(['mcp', '--config', wrong])
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toContain('serverr')
  })

  it('survives a line that is no JSON', async () => {
    const input = ['not json', ...calls.map((message) => JSON.stringify(message))].map((line) => `${line}\n`).join('')
    const { code, stdout } = await bench.run(['mcp', '--config', config], { input })
    expect(code).toBe(0)
    expect(stdout).toContain('"id":4')
  })

  it('is closed with 130 on an interrupt', async () => {
    const child = bench.start(['mcp', '--config', config])
    await new Promise((resolve) => child.stderr?.once('data', resolve))
    child.kill('SIGINT')
    expect(await exitOf(child)).toBe(130)
  })
})
