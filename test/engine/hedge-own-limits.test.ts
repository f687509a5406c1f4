// Targets asked at the same time: what one of them runs into by itself while others may still answer.
import { describe, expect, it } from 'vitest'
import { jsonAnswer } from '../support/app.ts'
import { chatAnswer } from '../support/upstream.ts'
import { status, type Script } from './attempts-gateway.ts'
import { expectNothingLeft, hedgeScene, never, settled, targetsOf } from './hedge-scene.ts'

describe('a limit that a target runs into by itself', () => {
  const [one = {}, two = {}, three = {}] = targetsOf('one', 'two', 'three')
  const overflow = status(400, {}, { message: 'too long', code: 'context_length_exceeded' })
  const large: Script = () => jsonAnswer(chatAnswer('x'.repeat(5000)))
  const hurried = { ...two, timeouts: { total_ms: 150 } }
  const route = { fallback: { on_context_overflow: false, max_attempts: 4 } }
  const config = { server: { limits: { max_buffered_response_bytes: 4000 } } }
  const rows = [
    ['its own time', 'limit_exceeded', never, hurried],
    ['the length of its answer', 'upstream_too_large', { ms: 50, script: large }, two],
    [
      'its context window, where nobody else is to be asked then',
      'upstream_context_overflow',
      { ms: 50, script: overflow },
      two,
    ],
  ] as const

  it.each(rows)(
    'calls nobody off who may still answer, and has nobody else asked: %s',
    async (_name, error, timed, target) => {
      const test = hedgeScene({
        timed: { one: { ms: 900 }, two: timed, three: never },
        targets: [one, target, three],
        route,
        config,
      })
      const response = await settled(test, test.ask(), 1000)
      expect([response.status, response.headers.get('x-used-provider')]).toEqual([200, 'one'])
      expect(test.called()).toEqual(['one', 'two'])
      expect(test.attempts().map((attempt) => [attempt['target'], attempt['error']])).toEqual([
        ['two/m-two', error],
        ['one/m-one', null],
      ])
      await expectNothingLeft(test)
    },
  )

  it.each(rows)('is told where they fail as well, as in a plain sequence: %s', async (_name, error, timed, target) => {
    const test = hedgeScene({
      timed: { one: { ms: 900, script: status(500) }, two: timed, three: never },
      targets: [one, target, three],
      route,
      config,
    })
    expect((await settled(test, test.ask(), 1000)).status).toBe(
      error === 'upstream_context_overflow' ? 400 : error === 'limit_exceeded' ? 504 : 502,
    )
    expect(test.called()).toEqual(['one', 'two'])
    expect(test.traces).toMatchObject([{ errorCode: error, provider: 'two' }])
    expect(test.attempts().map((attempt) => attempt['error'])).toEqual(['upstream_error', error])
    await expectNothingLeft(test)
  })

  it('of the first target is told where the hedge fails otherwise', async () => {
    const test = hedgeScene({
      timed: { one: { ms: 150, script: overflow }, two: { ms: 300, script: status(500) }, three: never },
      route,
    })
    expect((await settled(test, test.ask(), 1000)).status).toBe(400)
    expect(test.called()).toEqual(['one', 'two'])
    expect(test.traces).toMatchObject([{ errorCode: 'upstream_context_overflow', provider: 'one' }])
    await expectNothingLeft(test)
  })
})
