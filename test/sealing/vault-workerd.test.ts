// The vault in the real workerd: its WebCrypto, its D1 and its KV.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorkerd, type Workerd } from '../store/drivers.ts'

let workerd: Workerd

beforeAll(async () => {
  workerd = await startWorkerd(1, 'test/sealing/vault-worker.ts')
})

afterAll(() => workerd.dispose())

test.each(['D1', 'KV'] as const)('a vault in %s seals, opens and changes its key inside a Worker', async (driver) => {
  expect(await workerd.runCase(driver, 0)).toEqual({ error: null })
})
