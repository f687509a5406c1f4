// `signalbox init` as a newcomer uses it: the file is written for them alone, serves at once, and answers their coding agents.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBench, type Bench, type Gateway } from './cli-harness.ts'

let bench: Bench
beforeAll(() => void (bench = createBench()))
afterAll(() => bench.dispose())

describe('the file', () => {
  it('goes to the folder of configurations, belongs to the user alone, and is never written over', async () => {
    const path = join(bench.home, '.config/signalbox/signalbox.jsonc')
    const first = await bench.run(['init'])
    expect([first.code, first.stderr]).toEqual([0, ''])
    expect(first.stdout).toContain(`wrote ${path}`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    const again = await bench.run(['init'])
    expect(again.code).toBe(2)
    expect(again.stderr).toContain('is there already')
  })

  it('with --force takes the place of another one, which is put aside', async () => {
    const path = bench.file('mine.jsonc', '// my own work')
    const { code, envelope } = await bench.json(['init', '--config', path, '--force'])
    expect([code, envelope.ok]).toEqual([0, true])
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe('// my own work')
    await bench.run(['init', '--config', path, '--force'])
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe('// my own work')
  })

  it('goes where SIGNALBOX_CONFIG says, and is never looked for in the folder one happens to be in', async () => {
    const path = join(bench.home, 'named.jsonc')
    await bench.run(['init'], { env: { SIGNALBOX_CONFIG: path } })
    expect(existsSync(path)).toBe(true)
    expect(existsSync(join(bench.home, 'signalbox.jsonc'))).toBe(false)
  })

  it('that cannot be written is reported without a stack', async () => {
    writeFileSync(join(bench.home, 'plain'), '')
    const { code, stderr } = await bench.run(['init', '--config', join(bench.home, 'plain/x.jsonc')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error file_not_written: .*plain\/x\.jsonc could not be written \(E\w+\)\n$/)
  })

  it.each([[[]], [['--native-clients']]])('is valid without a warning: init %s', async (flags) => {
    const path = join(bench.home, `valid${flags.length}.jsonc`)
    await bench.run(['init', '--config', path, ...flags])
    const { envelope } = await bench.json(['config', 'validate', path])
    expect(envelope).toMatchObject({ ok: true, data: { valid: true, problems: [], warnings: [] } })
  })
})

// As the agents send it, with their largest parts left out. Codex 0.169: no instructions, system text as developer messages.
const codexRequest = {
  model: 'codex',
  input: [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'You are Codex.' }] },
    {
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text: 'say hello' }],
      internal_chat_message_metadata_passthrough: {},
    },
  ],
  tools: [
    {
      type: 'function',
      name: 'shell',
      description: 'Runs',
      strict: false,
      parameters: { type: 'object', properties: {} },
    },
    {
      type: 'namespace',
      name: 'mcp',
      description: 'More',
      tools: [{ type: 'function', name: 'x', parameters: { type: 'object', properties: {} } }],
    },
    { type: 'web_search' },
  ],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  reasoning: { effort: 'medium', summary: 'auto' },
  store: false,
  stream: true,
  include: ['reasoning.encrypted_content'],
  prompt_cache_key: '0198',
  client_metadata: {},
}

// Claude Code 2.1.329.
const claudeRequest = {
  model: 'claude-code',
  max_tokens: 32_000,
  stream: true,
  system: [
    { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.329' },
    { type: 'text', text: 'You are Claude Code.', cache_control: { type: 'ephemeral' } },
  ],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'say hello', cache_control: { type: 'ephemeral' } }] },
    { role: 'system', content: 'A reminder.' },
    { role: 'user', content: 'say hello' },
  ],
  tools: [{ name: 'Bash', description: 'Runs', input_schema: { type: 'object', properties: {} }, defer_loading: true }],
  metadata: { user_id: '{"device_id":"d","session_id":"s"}' },
  thinking: { type: 'adaptive' },
  output_config: { effort: 'medium' },
  context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
}

const claudeHeaders = {
  'anthropic-version': '2023-06-01',
  'anthropic-beta':
    'claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,effort-2025-11-24',
  authorization: 'Bearer local',
  'x-signalbox-client-profile': 'claude-code',
}

describe('a gateway on the file for native clients', () => {
  let gateway: Gateway
  let path: string
  beforeAll(async () => {
    path = join(bench.home, 'native/gateway.jsonc')
    await bench.run(['init', '--native-clients', '--config', path])
    gateway = await bench.serve(['--config', path, '--port', '0'])
  })
  afterAll(() => gateway.stop())

  const post = (where: string, body: object, headers: Record<string, string>) =>
    fetch(`${gateway.url}${where}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })

  it('answers Codex', async () => {
    const headers = { authorization: 'Bearer local', originator: 'codex_cli_rs', 'x-signalbox-client-profile': 'codex' }
    const response = await post('/v1/responses', codexRequest, headers)
    const text = await response.text()
    expect([response.status, text.includes('say hello'), text.includes('response.completed')]).toEqual([
      200,
      true,
      true,
    ])
  })

  it('answers Claude Code, also its small model and its counting', async () => {
    const response = await post('/v1/messages?beta=true', claudeRequest, claudeHeaders)
    const text = await response.text()
    const said = [...text.matchAll(/"text_delta","text":"([^"]*)"/g)].map(([, piece]) => piece).join('')
    expect([response.status, said, text.includes('event: message_stop')]).toEqual([200, 'echo: say hello', true])
    const small = {
      model: 'claude-haiku-4-5-20251001',
      max_tokens: 512,
      messages: [{ role: 'user', content: 'title' }],
    }
    expect((await post('/v1/messages?beta=true', small, claudeHeaders)).status).toBe(200)
    const { max_tokens: _, stream: __, metadata: ___, ...counted } = claudeRequest
    expect((await post('/v1/messages/count_tokens?beta=true', counted, claudeHeaders)).status).toBe(200)
  })

  it('refuses a profile on the wrong wire, and a model outside of it', async () => {
    const wrong = await post('/v1/messages', claudeRequest, { ...claudeHeaders, 'x-signalbox-client-profile': 'codex' })
    expect(wrong.status).toBe(422)
    const denied = await post('/v1/messages', { ...claudeRequest, model: 'echo' }, claudeHeaders)
    expect([denied.status, await denied.json()]).toMatchObject([
      403,
      { type: 'error', error: { type: 'permission_error' } },
    ])
  })

  it('says that both are ready', async () => {
    const { data } = (await (await fetch(`${gateway.url}/v1/client-profiles`)).json()) as { data: object[] }
    expect(data).toMatchObject([
      { id: 'codex', ready: true, protocol: 'openai_responses' },
      { id: 'claude-code', ready: true, protocol: 'anthropic_messages' },
    ])
    const { envelope } = await bench.json(['client-profiles'])
    expect(envelope).toMatchObject({ ok: true, count: 2 })
  })

  it('keeps its database beside the file, for the user alone', () => {
    expect(statSync(join(path, '../state.sqlite')).mode & 0o777).toBe(0o600)
  })
})
