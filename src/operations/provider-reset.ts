// `provider reset`: uses a target again at once, whatever it failed at.
import { z } from 'zod'
import { didYouMean } from '../catalog/hints.ts'
import type { TargetRecord } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import { directTarget } from '../policy/match-route.ts'
import { defineOperation, type CoordinationControl, type OperationContext } from './operation.ts'
import { coordinationOf } from './provider-lookup.ts'
import { noRoute } from './target-health.ts'

export const providerReset = defineOperation({
  verb: 'provider reset',
  tier: 'mutation',
  summary:
    'Close the breaker of a target of a route and lift the locks that keep it out, so that the next request tries it.',
  examples: ['provider reset fast primary', 'provider reset fast', 'provider reset openai/gpt-4o'],
  scope: 'gateway',
  positional: ['route', 'target'],
  input: z.strictObject({
    route: z.string().min(1).describe('A route, or provider/model where a provider is named directly'),
    target: z.string().min(1).optional().describe('The name of one of its targets, or of its provider; without it all'),
  }),
  output: z.array(
    z.strictObject({
      route: z.string().nullable(),
      target: z.string(),
      closed: z.boolean().describe('Its breaker was open'),
      unlocked: z.int().describe('How many locks were taken away'),
    }),
  ),
  columns: ['route', 'target', 'closed', 'unlocked'],
  run: async (context, { route, target }) => {
    const control = coordinationOf(context)
    const { route: name, targets } = meant(context, route, target)
    const rows = []
    for (const record of targets) rows.push(await reset(control, name, record))
    return rows
  },
})

async function reset(control: CoordinationControl, route: string | null, target: TargetRecord) {
  // Models that are named directly share the name of their provider.
  const closed = await control.resetBreaker(route, target.name, route === null ? target.model : null)
  const { provider, account, region } = target
  const model = target.model === '*' ? null : target.model
  let unlocked = 0
  for (const on of ['target', 'model'] as const)
    unlocked += await control.resetLocks({ provider, account, model, on, region })
  unlocked += await control.resetLocks({ provider, account, model: null, on: 'account' })
  return { route, target: target.name, closed, unlocked }
}

interface Meant {
  readonly route: string | null
  readonly targets: readonly TargetRecord[]
}

function meant({ snapshot }: OperationContext, name: string, target: string | undefined): Meant {
  const route = snapshot.routes.get(name)
  if (route === undefined) return { route: null, targets: [directlyMeant(snapshot, name, target)] }
  if (target === undefined) return { route: name, targets: route.targets }
  const named = route.targets.filter((record) => record.name === target)
  const targets = named.length > 0 ? named : route.targets.filter((record) => record.provider === target)
  if (targets.length > 0) return { route: name, targets }
  const near = didYouMean(
    target,
    route.targets.map((record) => record.name),
  )
  throw new GatewayError('not_found', {
    message: [`route ${JSON.stringify(name)} has no target ${JSON.stringify(target)}`, near]
      .filter((part) => part !== undefined)
      .join(', '),
    param: 'target',
  })
}

function directlyMeant(snapshot: OperationContext['snapshot'], name: string, target: string | undefined): TargetRecord {
  const slash = name.indexOf('/')
  const provider = slash > 0 ? name.slice(0, slash) : ''
  const model = name.slice(slash + 1)
  if (snapshot.providers.has(provider) && model !== '' && (target === undefined || target === provider))
    return directTarget(provider, model)
  if (snapshot.providers.has(name))
    throw new GatewayError('not_found', {
      message: `no route ${JSON.stringify(name)}, but a provider: name one of its models (${name}/MODEL), or use "accounts reset ${name}"`,
      param: 'route',
    })
  throw noRoute(name, snapshot)
}
