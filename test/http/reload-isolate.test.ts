// How an isolate of a Worker keeps up with the store: never older than five seconds, and nobody waits for it under load.
import { describe, expect, it } from 'vitest'
import { firstConfig, refreshTimes, type IsolateConfig } from '../../src/adapters/workers/isolate-config.ts'
import type { ConfigStore, LogFields } from '../../src/ports/index.ts'
import { guardLog } from '../../src/redaction/log.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts'

const documentOf = (route: string): string =>
  JSON.stringify({
    providers: { mock: { type: 'mock' } },
    routes: { [route]: { targets: [{ provider: 'mock', model: 'echo' }] } },
  })
const bad = '{"routes": {"x": {"targets": [{"provider": "nobody", "model": "m"}]}}}'

interface Scene {
  readonly clock: VirtualClock
  readonly store: ConfigStore
  readonly lines: [string, LogFields | undefined][]
  /** Questions to the store, by name. */
  readonly asked: string[]
  isolate(): Promise<IsolateConfig | undefined>
  publish(document: string): Promise<void>
  /** What the store does before it answers. */
  before: () => Promise<void>
}

function scene(): Scene {
  const clock = createVirtualClock()
  const { config } = createMemoryStores()
  const lines: [string, LogFields | undefined][] = []
  const take = (event: string, fields?: LogFields): void => void lines.push([event, fields])
  const log = guardLog(
    { debug: take, info: take, warn: take, error: take },
    { scrub: (text) => text, unknown: 'throw' },
  )
  const asked: string[] = []
  const made: Scene = {
    clock,
    store: {
      ...config,
      async load() {
        asked.push('load')
        await made.before()
        return config.load()
      },
      async revision() {
        asked.push('revision')
        await made.before()
        return config.revision()
      },
    },
    lines,
    asked,
    before: async () => {},
    isolate: () =>
      firstConfig(undefined, {
        store: made.store,
        abilities: { dnsPinning: false, proxies: false },
        clock,
        defer: (work) => void work.catch(() => {}),
        log,
      }),
    async publish(document) {
      const current = await config.revision()
      await config.publish(document, current?.revision ?? 0, clock.now())
    },
  }
  return made
}

async function begin(): Promise<Scene & { readonly config: IsolateConfig }> {
  const made = scene()
  await made.publish(documentOf('one'))
  const config = await made.isolate()
  if (config === undefined) throw new Error('it did not begin')
  made.asked.length = 0
  return Object.assign(made, { config })
}

const routesOf = ({ live }: IsolateConfig) => [...live.current().routes.keys()]

describe('an isolate', () => {
  it('asks nobody for what it knows since a moment ago', async () => {
    const { config, clock, asked } = await begin()
    for (let at = 0; at < 10; at++) {
      expect(config.refresh()).toBeUndefined()
      await clock.advance(refreshTimes.ahead / 10 - 1)
    }
    expect(asked).toEqual([])
  })

  it('asks beside its requests before what it knows is old, once, and for the revision alone', async () => {
    const { config, clock, asked } = await begin()
    await clock.advance(refreshTimes.ahead)
    // A hundred requests at once.
    for (let request = 0; request < 100; request++) expect(config.refresh()).toBeUndefined()
    await clock.advance(1)
    expect(asked).toEqual(['revision'])
    await clock.advance(refreshTimes.ahead - 2)
    expect(config.refresh()).toBeUndefined()
    expect(asked).toEqual(['revision'])
  })

  it('goes by a new document within five seconds while requests come, and none of them waits', async () => {
    const made = await begin()
    await made.publish(documentOf('two'))
    const published = made.clock.now()
    while (routesOf(made.config)[0] !== 'two') {
      expect(made.config.refresh()).toBeUndefined()
      await made.clock.advance(100)
    }
    expect(made.clock.now() - published).toBeLessThanOrEqual(refreshTimes.stale)
    expect(made.asked).toEqual(['revision', 'load'])
    expect(made.lines).toContainEqual(['config_loaded', expect.objectContaining({ reason: 'store', count: 2 })])
  })

  it('after an idle hour looks before it serves, so that what was revoked meanwhile is', async () => {
    const made = await begin()
    await made.publish(documentOf('two'))
    await made.clock.advance(3_600_000)
    const waiting = made.config.refresh()
    expect(waiting).toBeInstanceOf(Promise)
    await waiting
    expect(routesOf(made.config)).toEqual(['two'])
  })

  it('goes on by what it knows where the store is away, says so once, and waits for it no longer than a second', async () => {
    const made = await begin()
    made.before = () => Promise.reject(new Error('D1_ERROR: gone'))
    for (let round = 0; round < 3; round++) {
      await made.clock.advance(3_600_000)
      await made.config.refresh()
    }
    expect(made.lines.filter(([event]) => event === 'config_not_checked')).toEqual([
      ['config_not_checked', { reason: 'Error' }],
    ])
    made.before = () => new Promise(() => {})
    await made.clock.advance(3_600_000)
    let isOver = false
    void Promise.resolve(made.config.refresh()).then(() => (isOver = true))
    await made.clock.advance(refreshTimes.patience - 1)
    expect(isOver).toBe(false)
    await made.clock.advance(1)
    expect(isOver).toBe(true)
    expect(made.config.refresh()).toBeUndefined()
    expect(routesOf(made.config)).toEqual(['one'])
    // And goes by what the store says when it is back.
    made.before = async () => {}
    await made.publish(documentOf('two'))
    await made.clock.advance(3_600_000)
    await made.config.refresh()
    expect(routesOf(made.config)).toEqual(['two'])
  })

  it('F-75: keeps what is good where something bad is published, and says it once per document', async () => {
    const made = await begin()
    await made.publish(bad)
    for (let round = 0; round < 5; round++) {
      await made.clock.advance(10_000)
      await made.config.refresh()
    }
    expect(routesOf(made.config)).toEqual(['one'])
    expect(made.config.live.status().rejected).toMatchObject({ problems: [expect.stringContaining('nobody')] })
    expect(made.lines.filter(([event]) => event === 'config_rejected')).toHaveLength(1)
    expect(made.asked.filter((name) => name === 'load')).toHaveLength(1)
    await made.publish(documentOf('mended'))
    await made.clock.advance(10_000)
    await made.config.refresh()
    expect(made.config.live.status().rejected).toBeNull()
    expect(routesOf(made.config)).toEqual(['mended'])
  })

  it('that begins while the newest document is bad goes by the newest good one', async () => {
    const made = scene()
    await made.publish(documentOf('oldest'))
    await made.publish(documentOf('good'))
    await made.publish(bad)
    await made.publish('{ "half": ')
    const config = await made.isolate()
    expect(config && routesOf(config)).toEqual(['good'])
    expect(config?.live.status().rejected).not.toBeNull()
    expect(made.lines.map(([event]) => event)).toEqual(['config_rejected', 'config_earlier_used'])
  })

  it('does not begin where nothing good was ever published', async () => {
    const made = scene()
    expect(await made.isolate()).toBeUndefined()
    await made.publish(bad)
    expect(await made.isolate()).toBeUndefined()
    expect(made.lines.map(([event]) => event)).toEqual(['config_rejected'])
  })

  it('reloads when it is told to, whatever it knows, and says what is wrong', async () => {
    const made = await begin()
    await made.publish(documentOf('two'))
    expect(await made.config.reload()).toMatchObject({ ok: true, value: { changed: ['routes.one', 'routes.two'] } })
    expect(await made.config.reload()).toMatchObject({ ok: true, value: { changed: [] } })
    await made.publish(bad)
    expect(await made.config.reload()).toMatchObject({ ok: false, error: { code: 'invalid_configuration' } })
    made.before = () => Promise.reject(new Error('gone'))
    expect(await made.config.reload()).toMatchObject({ ok: false, error: { code: 'store_unavailable' } })
    expect(routesOf(made.config)).toEqual(['two'])
  })

  it('is not put back by an answer of the store that was late', async () => {
    const made = await begin()
    await made.publish(documentOf('two'))
    const two = await made.store.load()
    const { load } = made.store
    let answer: () => void = () => {}
    made.store.load = () => new Promise((resolve) => (answer = () => resolve(two)))
    await made.clock.advance(refreshTimes.ahead)
    made.config.refresh()
    await made.clock.advance(1)
    // Meanwhile somebody publishes the next one, and tells this isolate.
    made.store.load = load
    await made.publish(documentOf('three'))
    await made.config.reload()
    expect(routesOf(made.config)).toEqual(['three'])
    answer()
    await made.clock.advance(10)
    expect(routesOf(made.config)).toEqual(['three'])
  })
})
