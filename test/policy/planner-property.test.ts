// What holds of every decision, whatever is configured, asked for and known.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { watchOf } from '../../src/coordination/watch.ts'
import { decisionDetail } from '../../src/engine/observe.ts'
import { traceDetail } from '../../src/redaction/trace.ts'
import { advanced } from '../../src/policy/cursor.ts'
import { summariseDecision, type RouteDecision } from '../../src/policy/decision.ts'
import { groupsOf } from '../../src/policy/degrade.ts'
import { targetKey, type Health } from '../../src/policy/health.ts'
import { matchRoute } from '../../src/policy/match-route.ts'
import { planRoute } from '../../src/policy/plan.ts'
import { rounds } from '../support/full-run.ts'
import { worlds, type World } from './planner-world.ts'

const runs = { numRuns: rounds(1000, 100) }

function planned({ facts, snapshot, health, random }: World): RouteDecision | undefined {
  return planRoute(facts, snapshot, health, random)
}

/** Holds a property for every world in which the model name means something. */
function always(check: (world: World, decision: RouteDecision) => void): void {
  let met = 0
  fc.assert(
    fc.property(worlds, (world) => {
      const decision = planned(world)
      if (decision === undefined) return
      met++
      check(world, decision)
    }),
    runs,
  )
  expect(met).toBeGreaterThan(runs.numRuns / 2)
}

describe('a decision', () => {
  it('is the same for serving and for looking: planning again gives it again, and changes nothing that is known', () => {
    always((world, decision) => {
      const before = structuredClone(world.health)
      for (let again = 0; again < 3; again++) expect(planned(world)).toEqual(decision)
      expect(world.health).toEqual(before)
    })
  })

  it('can be made again from what its trace keeps of chance', () => {
    always((world, decision) => {
      expect(planRoute(world.facts, world.snapshot, world.health, decision.random)).toEqual(decision)
    })
  })

  it('has every target once: as a candidate, or rejected with a reason', () => {
    always((world, decision) => {
      const match = matchRoute(world.facts.model, world.snapshot)
      if (match === undefined) throw new Error('no match')
      const keys = decision.candidates.map(targetKey)
      expect(new Set(keys).size).toBe(keys.length)
      const rejected = new Set(decision.rejected.map(({ target, name }) => `${target} ${name ?? target}`))
      for (const { reason, code } of decision.rejected)
        expect([code, reason].every((text) => text.length > 3)).toBe(true)
      let targets = 0
      for (const { route, targets: group } of groupsOf(match, world.snapshot))
        for (const target of group) {
          targets++
          const isAuto = decision.resolvedBy === 'auto'
          const model = target.model === '*' ? (isAuto ? '*' : match.clientModel) : target.model
          const isCandidate = keys.includes(targetKey({ route: route?.name ?? null, target, model }))
          expect(isCandidate || rejected.has(`${target.provider}/${model} ${target.name}`)).toBe(true)
        }
      // Account by account, a target may be named more than once, and so may two targets of one name in two routes.
      expect(keys.length).toBeLessThanOrEqual(targets)
      expect(keys.length + decision.rejected.length).toBeGreaterThanOrEqual(targets)
    })
  })

  it('puts stand-ins behind all own targets, and among equals those with a penalty last', () => {
    always((_world, { candidates }) => {
      const flags = candidates.map(({ degraded }) => degraded)
      expect(flags).toEqual(flags.toSorted((left, right) => Number(left) - Number(right)))
    })
  })

  it('moves the cursor for the target that is asked first, and only where others could have been', () => {
    always(({ health }, { cursor, candidates, route }) => {
      if (cursor === null) return
      expect(cursor.picked).toBe(candidates[0]?.target.name)
      expect(cursor.route).toBe(route)
      const own = candidates.filter(({ degraded }) => !degraded).map(({ target }) => target.name)
      const names = Object.keys(cursor.weights)
      expect(names.length).toBeGreaterThan(1)
      expect(own).toEqual(expect.arrayContaining(names))
      const next = advanced(health.cursors.get(cursor.route) ?? {}, cursor)
      expect(Object.values(next).every(Number.isFinite)).toBe(true)
    })
  })

  it('reads nothing but what is fetched with the admission', () => {
    always((world, decision) => {
      const { facts, snapshot, health, random } = world
      expect(planRoute(facts, snapshot, restricted(health, watchOf(facts, snapshot)), random)).toEqual(decision)
    })
  })

  it('fits into a trace member by member, and its summary into a header', () => {
    always((_world, decision) => {
      expect(() => traceDetail({ decision: decisionDetail(decision) }, 'throw')).not.toThrow()
      const summary = summariseDecision(decision)
      expect(summary).toMatch(/^[\x20-\x7e]{1,1024}$/)
      expect(summary).toContain(`rejected=${decision.rejected.length}`)
    })
  })

  it('scores every own candidate where it scores at all, from 0 to 1, and takes the highest first', () => {
    always(({ snapshot }, { strategy, scores, candidates, route }) => {
      const isSticky = route !== null && snapshot.routes.get(route)?.sticky === 'session'
      if (strategy !== 'score' || isSticky) return
      const own = candidates.filter(({ degraded }) => !degraded).map(({ target }) => target.name)
      expect(scores.map(({ name }) => name).toSorted()).toEqual(own.toSorted())
      for (const { score, factors } of scores)
        for (const value of [score, ...Object.values(factors)]) {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1)
        }
    })
  })
})

function restricted(health: Health, watch: ReturnType<typeof watchOf>): Health {
  const only = <V>(map: ReadonlyMap<string, V>, keys: readonly string[]): ReadonlyMap<string, V> =>
    new Map([...map].filter(([key]) => keys.includes(key)))
  return {
    ...health,
    locks: only(health.locks, watch.locks),
    turns: only(health.turns, watch.providers),
    homes: only(health.homes, watch.homes),
    breakers: only(health.breakers, watch.targets),
    loads: only(health.loads, watch.targets),
    speeds: only(health.speeds, watch.targets),
    cursors: only(health.cursors, watch.routes),
  }
}
