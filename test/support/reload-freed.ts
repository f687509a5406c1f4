// A child process with --expose-gc: says when the snapshot of a configuration that was replaced is given back.
import { compileConfig } from '../../src/catalog/compile.ts'
import { createApp } from '../../src/app.ts'
import { fixedSettingNames } from '../../src/operations/fixed-settings.ts'
import { createLiveConfig } from '../../src/operations/live-config.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { heldAnswer } from './held-answer.ts'

const gc = (globalThis as { readonly gc?: () => void }).gc
if (gc === undefined) throw new Error('start it with --expose-gc')

function candidate(route: string) {
  const compiled = compileConfig({
    document: {
      providers: {
        up: { type: 'openai_compatible', base_url: 'https://up.example.com/v1', auth_scheme: { kind: 'none' } },
      },
      routes: {
        talk: { targets: [{ provider: 'up', model: 'm' }] },
        [route]: { targets: [{ provider: 'up', model: 'n' }] },
      },
    },
  })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return { print: route, compiled }
}

let release: () => void = () => {}
const held = new Promise<void>((resolve) => (release = resolve))
const pieces = [
  'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"hello"},"finish_reason":null}]}\n\n',
  'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
  'data: [DONE]\n\n',
]

// In a function of its own, so that no variable of this file holds the first snapshot.
function begin() {
  const first = candidate('first')
  const source = { kind: 'variable', name: null } as const
  const made = createLiveConfig({ first, source, now: () => 0, fixed: fixedSettingNames })
  return { live: made, first: new WeakRef(first.compiled.snapshot) }
}

const { live, first } = begin()
let ids = 0
const app = createApp({
  ports: {
    clock: { now: () => Date.now(), mono: () => performance.now(), after: () => () => {} },
    random: { next: () => 0.5, id: () => `${String(ids++).padStart(15, '0')}testtestt` },
    fetch: async () => heldAnswer(pieces, ids === 1 ? held : undefined),
    egress: { dnsPinning: true, proxies: true },
    machine: undefined,
    defer: () => {},
    log: { debug() {}, info() {}, warn() {}, error() {} },
    secrets: { get: () => undefined },
    stores: createMemoryStores(),
    traces: { write: () => {} },
  },
  snapshot: live.current,
  surface: 'loopback',
  boundHost: '127.0.0.1',
  adminToken: undefined,
  status: () => ({
    version: 't',
    runtime: 'node',
    startedAt: 0,
    url: null,
    pid: null,
    traces: { queued: 0, dropped: 0, failed: 0 },
  }),
})

const ask = async () =>
  app.fetch(
    new Request('http://127.0.0.1/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'talk', stream: true, messages: [{ role: 'user', content: 'x' }] }),
    }),
  )

async function collect(): Promise<void> {
  for (let round = 0; round < 10; round++) {
    gc?.()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function stream() {
  const response = await ask()
  const reader = response.body?.getReader()
  await reader?.read()
  return async () => {
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read());
  }
}

const rest = await stream()
live.offer(candidate('second'))
await (await ask()).text()
await collect()
const during = first.deref() !== undefined
release()
await rest()
await (await ask()).text()
await collect()
process.stdout.write(JSON.stringify({ during, after: first.deref() !== undefined }))
