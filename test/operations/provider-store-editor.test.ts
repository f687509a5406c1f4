import { describe, expect, it } from 'vitest'
import { createStoreEditor, readOnlyEditor } from '../../src/operations/store-editor.ts'
import type { ConfigStore } from '../../src/ports/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'

const clock = { now: () => 5 }
const add = (id: string) => ({ path: ['providers', id], value: { type: 'mock' }, existing: 'refuse' }) as const

function memory(): ConfigStore {
  return createMemoryStores().config
}

describe('the editor of a store', () => {
  it('publishes on top of what is there, comments kept', async () => {
    const store = memory()
    await store.publish('{\n  // Ours.\n  "providers": {}\n}', 0, 1)
    const done = await createStoreEditor(store, clock).apply([add('mock')])
    expect(done).toMatchObject({ ok: true, value: { changed: [['providers', 'mock']] } })
    expect(await store.load()).toMatchObject({ revision: 2, publishedAt: 5 })
    expect((await store.load())?.document).toContain('// Ours.')
  })

  it('begins where nothing was published', async () => {
    const store = memory()
    expect((await createStoreEditor(store, clock).apply([add('mock')])).ok).toBe(true)
    expect((await store.load())?.revision).toBe(1)
  })

  it('begins anew where somebody else published meanwhile, and loses neither edit', async () => {
    const store = memory()
    let interfering = 2
    const editor = createStoreEditor(
      {
        ...store,
        async publish(document, expected, now) {
          if (interfering-- > 0) await createStoreEditor(store, clock).apply([add(`other-${interfering}`)])
          return store.publish(document, expected, now)
        },
      },
      clock,
    )
    expect((await editor.apply([add('mine')])).ok).toBe(true)
    const { providers } = JSON.parse((await store.load())?.document ?? '') as { providers: object }
    expect(Object.keys(providers)).toEqual(['other-1', 'other-0', 'mine'])
  })

  it('gives up where that goes on, and says so', async () => {
    const store = memory()
    const editor = createStoreEditor({ ...store, publish: async () => ({ ok: false, current: 9 }) }, clock)
    expect(await editor.apply([add('mine')])).toMatchObject({ ok: false, error: { code: 'conflict' } })
  })

  it.each([
    ['does not compile', [{ path: ['providers', 'x'], value: { type: 'grok' } }], 'invalid_value'],
    ['is there already', [add('mock')], 'conflict'],
  ])('publishes nothing that %s', async (_what, changes, code) => {
    const store = memory()
    await store.publish('{"providers":{"mock":{"type":"mock"}}}', 0, 1)
    expect(await createStoreEditor(store, clock).apply(changes)).toMatchObject({ ok: false, error: { code } })
    expect((await store.load())?.revision).toBe(1)
  })

  it('publishes nothing where nothing changes, or where it is only tried', async () => {
    const store = memory()
    await store.publish('{"providers":{"mock":{"type":"mock"}}}', 0, 1)
    const editor = createStoreEditor(store, clock)
    await editor.apply([{ path: ['providers', 'mock'], value: { type: 'mock' } }])
    await editor.apply([add('dry')], { dryRun: true })
    expect((await store.load())?.revision).toBe(1)
  })

  it('says that the store cannot be reached, and not why', async () => {
    const broken = { ...memory(), load: () => Promise.reject(new Error('password of the database')) }
    const done = await createStoreEditor(broken, clock).apply([add('mock')])
    expect(done).toMatchObject({ ok: false, error: { code: 'store_unavailable' } })
    expect(done.ok ? '' : done.error.message).not.toContain('password')
  })
})

it('an editor of what is not to be edited says why', async () => {
  expect(await readOnlyEditor('variable X', 'it came from X').apply([add('mock')])).toMatchObject({
    ok: false,
    error: { code: 'invalid_request', message: 'it came from X' },
  })
})
