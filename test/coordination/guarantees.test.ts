// What a configuration gets for what it asks, on each runtime and with what is bound there.
import { describe, expect, it } from 'vitest'
import type { CoordinationSettings, StorageSettings } from '../../src/catalog/snapshot.ts'
import { chooseBackend, type CoordinationPlace } from '../../src/coordination/guarantees.ts'

type Row = readonly [CoordinationSettings['backend'], StorageSettings['kind'], CoordinationPlace, string]

const worker = (hasObject: boolean, hasStore: boolean): CoordinationPlace => ({
  runtime: 'workerd',
  hasObject,
  hasStore,
})
const node = (hasStore: boolean): CoordinationPlace => ({ runtime: 'node', hasObject: false, hasStore })

const rows: readonly Row[] = [
  ['auto', 'd1', worker(true, true), 'durable_object, all isolates'],
  ['auto', 'kv', worker(true, false), 'durable_object, all isolates'],
  ['auto', 'd1', worker(false, true), 'd1, store'],
  ['auto', 'kv', worker(false, false), 'memory, isolate'],
  ['memory', 'd1', worker(true, true), 'memory, isolate'],
  ['store', 'd1', worker(true, true), 'd1, store'],
  ['store', 'kv', worker(true, false), 'bind one'],
  ['durable_object', 'd1', worker(true, true), 'durable_object, all isolates'],
  ['durable_object', 'd1', worker(false, true), 'bound as COORDINATOR'],
  ['auto', 'sqlite', node(true), 'memory, process'],
  ['memory', 'sqlite', node(true), 'memory, process'],
  ['store', 'sqlite', node(true), 'sqlite, store'],
  ['store', 'memory', node(false), 'needs storage.kind "sqlite"'],
  ['durable_object', 'sqlite', node(true), 'Cloudflare Workers only'],
]

describe('the backend of a configuration', () => {
  it.each(rows)('%s with storage %s', (backend, kind, place, expected) => {
    const chosen = chooseBackend({ backend, objects: 'one', slice: 8 }, { kind }, place)
    const told = 'problem' in chosen ? chosen.problem : `${chosen.backend}, ${chosen.scope}`
    expect(told).toContain(expected)
  })

  it('tells tenants with objects of their own what they share', () => {
    const chosen = chooseBackend(
      { backend: 'auto', objects: 'per_tenant', slice: 8 },
      { kind: 'd1' },
      worker(true, true),
    )
    expect('problem' in chosen ? '' : chosen.text).toContain('in slices')
  })
})
