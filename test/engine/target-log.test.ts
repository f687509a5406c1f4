// What the log says of targets: that one is left out, and that it is back; once each, however many requests find it so.
import { describe, expect, it } from 'vitest'
import { attemptsGateway, inTurn, status, well } from './attempts-gateway.ts'

const down = status(503)

function told(logs: readonly string[]): readonly unknown[] {
  return logs.map((line): unknown => JSON.parse(line)).filter((line) => /"target_/.test(JSON.stringify(line)))
}

describe('an outage in the log', () => {
  it('is told when the circuit opens and when a probe closes it, and not for every probe that fails', async () => {
    const test = attemptsGateway({
      scripts: { one: inTurn(down, down, down, down, well), two: well },
      route: { breaker: { failure_threshold: 2, reset_timeout_ms: 10_000 } },
    })
    await test.ask()
    expect(told(test.logs)).toEqual([])
    await test.ask()
    await test.ask()
    for (let probe = 0; probe < 2; probe++) {
      await test.clock.advance(10_000)
      await test.ask()
    }
    const out = { event: 'target_left_out', route: expect.any(String), code: 'upstream_error' }
    expect(told(test.logs)).toMatchObject([out])
    await test.clock.advance(10_000)
    expect((await test.ask()).headers.get('x-used-provider')).toBe('one')
    await test.ask()
    expect(told(test.logs)).toMatchObject([out, { event: 'target_is_back', target: 'one/m1' }])
  })

  it('is told where a model that is not there locks its target', async () => {
    const test = attemptsGateway({ scripts: { one: status(404), two: well } })
    await test.ask()
    await test.ask()
    expect(told(test.logs)).toMatchObject([
      { event: 'target_left_out', target: 'one/m1', model: 'm1', code: 'upstream_model_missing' },
    ])
  })

  it('is told of an account that has nothing left, once', async () => {
    const test = attemptsGateway({ scripts: { one: status(402), two: well } })
    await test.ask()
    await test.ask()
    expect(test.logs.filter((line) => line.includes('"provider_quota_used_up"'))).toEqual([
      expect.stringContaining('"provider":"one"'),
    ])
  })

  it('is not told of a rate limit, which is of an account and passes', async () => {
    const test = attemptsGateway({ scripts: { one: status(429, { 'retry-after': '9' }), two: well } })
    await test.ask()
    await test.ask()
    expect(told(test.logs)).toEqual([])
  })
})
