// The part of the contract that is about secrets at rest: the vault, and the audit of who looked at what.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { AccessRow, VaultRecord, VaultStore } from '../../src/ports/index.ts'
import type { ContractCase } from './contract.ts'

const start = 1_790_000_000_000
const most = Number.MAX_SAFE_INTEGER

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function draft(
  name: string,
  sealed = `sealed ${name}`,
  keyId = 'local',
): Pick<VaultRecord, 'name' | 'sealed' | 'keyId'> {
  return { name, sealed, keyId }
}

/** Reads and writes until the write is accepted; returns the version. */
async function writeOnTop(vault: VaultStore, name: string, sealed: string): Promise<number> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const expected = (await vault.get(name))?.version ?? 0
    const put = await vault.put(draft(name, sealed), expected, start)
    if (put.ok) return put.version
  }
  throw new Error('never accepted')
}

export const vaultCases: readonly ContractCase[] = [
  {
    name: 'vault: nothing is there at first',
    run: async ({ vault }) => {
      equal(await vault.get('a'), undefined)
      deepEqual(await vault.list(), [])
      equal(await vault.remove('a'), false)
    },
  },
  {
    name: 'vault: a record comes back as it was put, with exact numbers, and counts its changes',
    run: async ({ vault }) => {
      deepEqual(await vault.put(draft('key', 'one', 'k1'), 0, start), { ok: true, version: 1 })
      deepEqual(await vault.get('key'), {
        name: 'key',
        sealed: 'one',
        keyId: 'k1',
        version: 1,
        createdAt: start,
        updatedAt: start,
      })
      deepEqual(await vault.put(draft('key', 'two', 'k2'), 1, start + 5), { ok: true, version: 2 })
      deepEqual(await vault.put(draft('key', 'three', 'k2'), null, most), { ok: true, version: 3 })
      deepEqual(await vault.get('key'), {
        name: 'key',
        sealed: 'three',
        keyId: 'k2',
        version: 3,
        createdAt: start,
        updatedAt: most,
      })
    },
  },
  {
    name: 'vault: a version that somebody wrote on top of is refused and changes nothing',
    run: async ({ vault }) => {
      await vault.put(draft('key', 'one'), 0, start)
      await vault.put(draft('key', 'two'), 1, start)
      deepEqual(await vault.put(draft('key', 'late'), 1, start), { ok: false, current: 2 })
      deepEqual(await vault.put(draft('key', 'new'), 0, start), { ok: false, current: 2 })
      equal((await vault.get('key'))?.sealed, 'two')
    },
  },
  {
    name: 'vault: a version that is not there yet is refused and changes nothing',
    run: async ({ vault }) => {
      deepEqual(await vault.put(draft('key'), 3, start), { ok: false, current: 0 })
      equal(await vault.get('key'), undefined)
      await vault.put(draft('key', 'one'), 0, start)
      deepEqual(await vault.put(draft('key', 'two'), 2, start), { ok: false, current: 1 })
      equal((await vault.get('key'))?.sealed, 'one')
    },
  },
  {
    name: 'vault: where the last writer wins, a version that this replica has not seen yet is written upon',
    run: async ({ vault }) => {
      equal(vault.exclusive, false)
      await vault.put(draft('key', 'one'), 0, start)
      deepEqual(await vault.put(draft('key', 'two'), 7, start), { ok: true, version: 8 })
      equal((await vault.get('key'))?.sealed, 'two')
    },
  },
  {
    name: 'vault: a list is in order of the names, each with its own record',
    run: async ({ vault }) => {
      const names = ['b', 'a/b', 'A', 'a.1', 'a-', 'a@x', 'a:b', '__proto__', 'constructor', '0']
      for (const name of names) await vault.put(draft(name, `of ${name}`), 0, start)
      const listed = await vault.list()
      deepEqual(
        listed.map(({ name, sealed }) => [name, sealed]),
        [...names].sort().map((name) => [name, `of ${name}`]),
      )
      for (const record of listed) deepEqual(await vault.get(record.name), record)
      equal((await vault.get('a'))?.name, undefined)
    },
  },
  {
    name: 'vault: the longest name and a record of 200 KB are kept whole',
    run: async ({ vault }) => {
      const [name, other] = ['%'.repeat(127), '/'.repeat(128)]
      const sealed = 'Ab+/'.repeat(50_000)
      await vault.put(draft(`${name}a`, sealed), 0, start)
      await vault.put(draft(`${name}b`, 'b'), 0, start)
      await vault.put(draft(other, 'slashes'), 0, start)
      equal((await vault.get(`${name}a`))?.sealed, sealed)
      equal((await vault.get(`${name}b`))?.sealed, 'b')
      equal((await vault.get(other))?.sealed, 'slashes')
      equal((await vault.list()).length, 3)
    },
  },
  {
    name: 'vault: what was removed is gone, and may come again as new',
    run: async ({ vault }) => {
      await vault.put(draft('key'), 0, start)
      await vault.put(draft('other'), 0, start)
      equal(await vault.remove('key'), true)
      equal(await vault.remove('key'), false)
      equal(await vault.get('key'), undefined)
      deepEqual(
        (await vault.list()).map(({ name }) => name),
        ['other'],
      )
      deepEqual(await vault.put(draft('key'), 0, start + 9), { ok: true, version: 1 })
      equal((await vault.get('key'))?.createdAt, start + 9)
    },
  },
  {
    name: 'vault: of 100 parallel writers that take whatever is there, each gets a version of its own',
    run: async ({ vault }) => {
      equal(vault.exclusive, true)
      const puts = await Promise.all(times(100, (index) => vault.put(draft('key', `w${index}`), null, start)))
      const versions = puts.map((put) => (put.ok ? put.version : 0)).sort((left, right) => left - right)
      deepEqual(
        versions,
        times(100, (index) => index + 1),
      )
      const last = puts.findIndex((put) => put.ok && put.version === 100)
      equal((await vault.get('key'))?.sealed, `w${last}`)
    },
  },
  {
    name: 'vault: of 100 parallel writers on one version exactly one wins, the first time and the second',
    run: async ({ vault }) => {
      for (const expected of [0, 1]) {
        const puts = await Promise.all(times(100, (index) => vault.put(draft('key', `${index}`), expected, start)))
        const winners = puts.flatMap((put, index) => (put.ok ? [`${index}`] : []))
        equal(winners.length, 1)
        ok(puts.every((put) => put.ok || put.current === expected + 1))
        equal((await vault.get('key'))?.sealed, winners[0])
      }
    },
  },
  {
    name: 'vault: 20 parallel writers that read, write and try again lose no write',
    run: async ({ vault }) => {
      const versions = await Promise.all(times(20, (index) => writeOnTop(vault, 'key', `w${index}`)))
      deepEqual(
        versions.sort((left, right) => left - right),
        times(20, (index) => index + 1),
      )
    },
  },
]

function access(changes: Partial<AccessRow> = {}): AccessRow {
  return { at: start, credential: 'main', source: 'sealed', reason: 'first', outcome: 'ok', durationMs: 3, ...changes }
}

export const accessCases: readonly ContractCase[] = [
  {
    name: 'access audit: nobody has looked at first',
    run: async ({ ledger }) => {
      deepEqual(await ledger.accesses({ limit: 10 }), [])
      await ledger.appendAccesses([])
      equal(await ledger.pruneAccesses(most, 10), 0)
    },
  },
  {
    name: 'access audit: rows come back whole, newest first, the later of one append before the earlier',
    run: async ({ ledger }) => {
      const rows = [
        access({ credential: 'a', durationMs: 0 }),
        access({ credential: 'b', at: start + 2, outcome: 'missing_credential' }),
        access({ credential: 'c', at: start + 2, reason: 'refused', source: 'oauth' }),
      ]
      await ledger.appendAccesses(rows)
      await ledger.appendAccesses([access({ credential: 'd', at: start + 1, durationMs: 12_345 })])
      const found = await ledger.accesses({ limit: 10 })
      deepEqual(
        found.map(({ credential }) => credential),
        ['c', 'b', 'd', 'a'],
      )
      deepEqual(found[0], rows[2])
      deepEqual(found[3], rows[0])
      deepEqual(await ledger.accesses({ limit: 2 }), found.slice(0, 2))
      deepEqual(await ledger.accesses({ limit: 0 }), [])
    },
  },
  {
    name: 'access audit: the looks at one credential are found among many',
    run: async ({ ledger }) => {
      const rows = times(60, (index) =>
        access({ at: start + index, credential: index % 20 === 0 ? 'rare' : `c${index % 3}` }),
      )
      await ledger.appendAccesses(rows)
      deepEqual(
        (await ledger.accesses({ limit: 10, credential: 'rare' })).map(({ at }) => at - start),
        [40, 20, 0],
      )
      equal((await ledger.accesses({ limit: 2, credential: 'rare' })).length, 2)
      deepEqual(await ledger.accesses({ limit: 10, credential: 'RARE' }), [])
    },
  },
  {
    name: 'access audit: what no backend could hold is made to fit',
    run: async ({ ledger }) => {
      await ledger.appendAccesses([
        access({ credential: '漢'.repeat(5000), source: 'x\u0000y', reason: '\uD800', durationMs: 1.6 }),
        access({ credential: "'); DROP TABLE vault;--", at: start - 1, durationMs: Number.NaN }),
      ])
      const [long, quoted] = await ledger.accesses({ limit: 10 })
      deepEqual(long, access({ credential: '漢'.repeat(128), source: 'x\uFFFDy', reason: '\uFFFD', durationMs: 2 }))
      deepEqual(quoted, access({ credential: "'); DROP TABLE vault;--", at: start - 1, durationMs: 0 }))
      equal((await ledger.accesses({ limit: 10, credential: '漢'.repeat(128) })).length, 1)
    },
  },
  {
    name: 'access audit: two looks in one millisecond that differ are two rows',
    run: async ({ ledger }) => {
      await ledger.appendAccesses([access()])
      await ledger.appendAccesses([access({ reason: 'expired' })])
      await ledger.appendAccesses([access({ credential: 'other' })])
      equal((await ledger.accesses({ limit: 10 })).length, 3)
    },
  },
  {
    name: 'access audit: pruning removes the oldest first, in batches, and nothing younger',
    run: async ({ ledger }) => {
      await ledger.appendAccesses(times(12, (index) => access({ at: start + index, credential: `c${index}` })))
      const left = async (): Promise<number[]> => (await ledger.accesses({ limit: 100 })).map(({ at }) => at - start)
      equal(await ledger.pruneAccesses(start + 7, 0), 0)
      equal(await ledger.pruneAccesses(start + 7, 5), 5)
      deepEqual(await left(), [11, 10, 9, 8, 7, 6, 5])
      equal(await ledger.pruneAccesses(start + 7, 5), 2)
      equal(await ledger.pruneAccesses(start + 7, 5), 0)
      deepEqual(await left(), [11, 10, 9, 8, 7])
    },
  },
]

export const stateHeadCases: readonly ContractCase[] = [
  {
    name: 'state: records that are alive are counted by how they begin',
    run: async ({ state }) => {
      const record = (key: string, sealed: string, expiresAt: number) => ({ key, sealed, expiresAt })
      await state.put(
        [
          record('a', `${'A'.repeat(16)}rest`, start + 100_000),
          record('b', `${'A'.repeat(16)}else`, start + 100_000),
          record('c', `${'B'.repeat(16)}`, start + 100_000),
          record('d', `${'C'.repeat(16)}`, start),
        ],
        start - 1,
      )
      deepEqual([...((await state.heads?.(start)) ?? [])].sort(), [
        ['A'.repeat(16), 2],
        ['B'.repeat(16), 1],
      ])
    },
  },
]
