// The faults of the mock in real processes: its clock, its chance and its connections are those of the runtime.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFaultGateway, type FaultGateway } from '../faults/gateway.ts'
import { processRuntimes } from '../support/full-run.ts'
import type { RuntimeName } from '../support/gateway-process.ts'

const runtimes = processRuntimes<RuntimeName>('faults of the mock', ['workerd', 'node', 'bun', 'deno'])

describe.each(runtimes)('the faults of the mock on %s', (runtime) => {
  let gateway: FaultGateway

  beforeAll(async () => {
    const target = (model: string): object => ({ provider: 'mock', model, priority: 1, timeouts: { headers_ms: 500 } })
    const behind = { provider: 'mock', model: 'echo', priority: 2 }
    gateway = await startFaultGateway(runtime, () => ({
      providers: { mock: { type: 'mock' } },
      routes: {
        stalls: { targets: [target('fault-stall-headers'), behind] },
        breaks: { targets: [target('fault-reset-before-headers'), behind] },
      },
    }))
  })
  afterAll(() => gateway?.stop())

  it('count calls, draw lots, stall and break', async () => {
    const statuses: number[] = []
    // An isolate that is replaced (a source file was saved) counts from the beginning.
    for (let call = 0; call < 8 && !statuses.includes(200); call++)
      statuses.push((await gateway.ask({ model: 'mock/fault-first-2-500' })).status)
    expect(statuses.slice(0, 2)).toEqual([502, 502])
    expect(statuses.at(-1)).toBe(200)
    expect((await gateway.ask({ model: 'mock/fault-flaky-0' })).status).toBe(200)
    expect((await gateway.ask({ model: 'mock/fault-flaky-100' })).status).toBe(502)
    for (const model of ['stalls', 'breaks']) {
      const answered = await gateway.ask({ model, stream: true })
      expect([answered.headers.get('x-used-fallback'), answered.text]).toEqual([
        'true',
        expect.stringContaining('[DONE]'),
      ])
    }
    const cut = await gateway.ask({ model: 'mock/fault-reset-mid-stream', stream: true })
    expect(cut.text).toContain('stream_truncated')
    expect(cut.text).not.toContain('[DONE]')
  })
})
