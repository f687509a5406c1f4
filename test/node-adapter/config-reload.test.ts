// When a gateway looks at its files: every notice is worth a look at what is there after it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type * as ConfigFound from '../../node-adapter/config-found.ts'
import { createConfigReloader } from '../../node-adapter/config-reload.ts'
import { createLiveConfig } from '../../src/operations/live-config.ts'

const wires = vi.hoisted(() => ({
  notice: () => {},
  /** What stands between a look at the stamps and its answer. */
  beforeStampsReturn: undefined as (() => Promise<void> | void) | undefined,
}))

// No watching, and so no look of every second that would find later what a notice was about.
vi.mock('../../node-adapter/config-watch.ts', () => ({
  watchConfig: (_source: string, look: () => void) => {
    wires.notice = look
    return () => {}
  },
}))

vi.mock('../../node-adapter/config-found.ts', async (original) => {
  const found = await original<typeof ConfigFound>()
  return {
    ...found,
    stampsOf: async (source: string) => {
      const stamps = await found.stampsOf(source)
      const meanwhile = wires.beforeStampsReturn
      wires.beforeStampsReturn = undefined
      await meanwhile?.()
      return stamps
    },
  }
})

const { findConfig } = await import('../../node-adapter/config-found.ts')

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'sb-notice-'))))
afterEach(() => {
  wires.beforeStampsReturn = undefined
  rmSync(folder, { recursive: true, force: true })
})

async function followed() {
  const path = join(folder, 'gateway.json')
  const write = (level: string): void =>
    writeFileSync(path, JSON.stringify({ observability: { log_level: level } }), { mode: 0o600 })
  write('info')
  const first = await findConfig(path)
  const { compiled, print } = first
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  const live = createLiveConfig({
    first: { compiled, print },
    source: { kind: 'file', name: path },
    now: () => 0,
    fixed: [],
  })
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const reloader = createConfigReloader({ source: path, first, live, log, mayWatch: true })
  reloader.follow()
  return { write, reloader, level: () => live.current().observability.logLevel }
}

it('a change that is noticed while a look is about to find nothing new is found by the next look', async () => {
  const { write, reloader, level } = await followed()
  wires.beforeStampsReturn = () => {
    write('debug')
    wires.notice()
  }
  wires.notice()
  await vi.waitFor(() => expect(level()).toBe('debug'), { timeout: 5000 })
  reloader.stop()
})
