import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipReason, skips, storeContract } from './contract.ts'
import type { DriverName } from './contract.ts'
import { openFile, openMemory, projectRoot, startWorkerd, temporaryFolder } from './drivers.ts'
import type { OpenStores, Workerd } from './drivers.ts'
import type { CaseReport } from './run-contract.ts'

let workerd: Workerd

beforeAll(async () => {
  workerd = await startWorkerd(storeContract.length)
  for (const [driver, list] of Object.entries(skips)) {
    for (const { reason, cases } of list) console.log(`store contract, ${driver}: ${cases.length} skipped: ${reason}`)
  }
})

afterAll(() => workerd.dispose())

const inProcess: readonly [DriverName, () => Promise<OpenStores>][] = [
  ['memory', openMemory],
  ['node:sqlite', openFile],
]

describe.each(inProcess)('the store contract on %s', (driver, open) => {
  for (const { name, run } of storeContract) {
    test.skipIf(skipReason(driver, name) !== undefined)(name, async () => {
      const { stores, close } = await open()
      try {
        await run(stores)
      } finally {
        close()
      }
    })
  }
})

describe.each(['D1', 'KV'] as const)('the store contract on %s', (driver) => {
  for (const [index, { name }] of storeContract.entries()) {
    test.skipIf(skipReason(driver, name) !== undefined)(name, async () => {
      expect(await workerd.runCase(driver, index)).toEqual({ name, error: null })
    })
  }
})

const denoFlags = ['run', '--no-remote', '--allow-read', '--allow-write', '--allow-env', '--allow-sys=uid']
const otherRuntimes: readonly [DriverName, string, readonly string[]][] = [
  ['bun:sqlite', 'bun', ['run']],
  ['node:sqlite on Deno', 'deno', denoFlags],
]

describe.each(otherRuntimes)('the store contract on %s', (driver, command, args) => {
  const folder = temporaryFolder()
  const reports = new Map<string, CaseReport>()
  let problem = ''

  beforeAll(async () => {
    const child = spawn(`node_modules/.bin/${command}`, [...args, 'test/store/run-contract.ts', folder.path], {
      cwd: projectRoot,
      env: { ...process.env, DENO_NO_UPDATE_CHECK: '1' },
    })
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
    problem = errors
    for (const line of out.split('\n').filter((part) => part.startsWith('{'))) {
      const report = JSON.parse(line) as CaseReport
      reports.set(report.name, report)
    }
  })

  afterAll(() => folder.remove())

  for (const { name } of storeContract) {
    test.skipIf(skipReason(driver, name) !== undefined)(name, () => {
      expect(reports.get(name) ?? problem).toEqual({ name, error: null })
    })
  }
})

test('every declared skip names a case of the contract', () => {
  const names = new Set(storeContract.map(({ name }) => name))
  expect(names.size).toBe(storeContract.length)
  for (const { cases } of Object.values(skips).flat()) for (const name of cases) expect(names).toContain(name)
})
