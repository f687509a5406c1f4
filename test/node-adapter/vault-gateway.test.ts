// What a gateway does about sealed things beside serving: the report at its start.
import { describe, expect, it } from 'vitest'
import { reportUnopened } from '../../node-adapter/vault/start-report.ts'
import { createStateKeeper, openKeyring } from '../../src/engine/state/index.ts'
import { Secret } from '../../src/ir/secret.ts'
import type { Log, LogFields } from '../../src/ports/index.ts'
import { guardLog } from '../../src/redaction/log.ts'
import { writeSealed } from '../../src/sealing/vault.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'
import { keyA, keyB, ringSecrets } from '../sealing/support.ts'

function recorder() {
  const lines: [string, LogFields | undefined][] = []
  const take = (event: string, fields?: LogFields): void => void lines.push([event, fields])
  const log: Log = { debug: take, info: take, warn: take, error: take }
  // As a gateway has it: a field that may not be logged fails here.
  return { lines, log: guardLog(log, { scrub: (text) => text, unknown: 'throw' }) }
}

const clock = { now: () => 1000 }

describe('the report at the start', () => {
  it('counts what the ring does not open, by the key where that is known', async () => {
    const stores = createMemoryStores()
    const { lines, log } = recorder()
    const [a, b] = [ringSecrets(`a:${keyA}`), ringSecrets(`b:${keyB}`)]
    for (const name of ['1', '2']) await writeSealed({ secrets: a, stores, clock }, name, new Secret(name, 'v'), 0)
    await writeSealed({ secrets: b, stores, clock }, '3', new Secret('3', 'v'), 0)
    await keepState(stores, a)

    await reportUnopened({ secrets: ringSecrets(`b:${keyB},a:${keyA}`), stores, clock, log })
    expect(lines).toEqual([])
    await reportUnopened({ secrets: b, stores, clock, log })
    expect(lines).toEqual([
      ['vault_not_opened', { key_id: 'a', count: 2, hint: 'put the key back into SIGNALBOX_KEK' }],
      ['state_not_opened', { count: 1, hint: 'a key was taken out of SIGNALBOX_KEK' }],
    ])
    lines.length = 0
    await reportUnopened({ secrets: ringSecrets(undefined), stores, clock, log })
    expect(lines.map(([event, fields]) => [event, fields?.['count']])).toEqual([
      ['vault_not_opened', 2],
      ['vault_not_opened', 1],
      ['state_not_opened', 1],
    ])
  })

  it('keeps no gateway from starting where the store fails', async () => {
    const { lines, log } = recorder()
    const fail = (): Promise<never> => Promise.reject(new TypeError('canary'))
    const stores = {
      ...createMemoryStores(),
      vault: { exclusive: true, get: fail, list: fail, put: fail, remove: fail },
    }
    await reportUnopened({ secrets: ringSecrets(`a:${keyA}`), stores, clock, log })
    expect(lines).toEqual([['vault_not_checked', { reason: 'TypeError' }]])
  })

  async function keepState(stores: ReturnType<typeof createMemoryStores>, secrets: ReturnType<typeof ringSecrets>) {
    const virtual = createVirtualClock()
    const keeper = createStateKeeper({
      keyring: openKeyring(secrets),
      store: stores.state,
      ttlMs: 1_000_000_000_000_000,
      clock: virtual,
      log: recorder().log,
      caller: { tenant: null, keyId: null },
    })
    const call = { type: 'tool-call', id: 'call_1', name: 'f', input: '{}' } as const
    const kept = await keeper.remember({ calls: [call], before: undefined }, { realm: 'r', token: { signature: 's' } })
    expect(kept).toBe(true)
  }
})
