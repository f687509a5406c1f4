// An isolate that asks for an OAuth account's token as often at once as it is told: GET /?times=20&url=<token url>.
import { d1Executor } from '../../../src/adapters/workers/d1.ts'
import type { D1Binding } from '../../../src/adapters/workers/d1.ts'
import { createNativeFetch } from '../../../src/adapters/native-fetch.ts'
import { makeOAuth } from '../../../src/credentials/recipes/oauth.ts'
import type { Making } from '../../../src/credentials/recipe.ts'
import { ok } from '../../../src/ir/error.ts'
import { Secret } from '../../../src/ir/secret.ts'
import { migrate } from '../../../src/store/sql/migrate.ts'
import { createSqlStores } from '../../../src/store/sql-stores.ts'

interface Env {
  readonly DB: D1Binding
  readonly SIGNALBOX_KEK: string
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

function makingOf(env: Env): Making {
  return {
    id: 'acct',
    ports: {
      clock: {
        now: () => Date.now(),
        mono: () => Date.now(),
        after(ms, call) {
          const timer = setTimeout(call, ms)
          return () => clearTimeout(timer)
        },
      },
      random: { next: () => Math.random(), id: () => crypto.randomUUID().replaceAll('-', '').slice(0, 24) },
      fetch: createNativeFetch(),
      log: silent,
      secrets: { get: (name) => (name === 'SIGNALBOX_KEK' ? env.SIGNALBOX_KEK : undefined) },
      stores: createSqlStores(d1Executor(env.DB)),
      machine: undefined,
      defer: () => {},
    },
    read: () => Promise.resolve(ok(new Secret('refresh', 'rt-0'))),
    region: null,
    fresh: false,
    way: { allowPrivate: true, allowHttp: true, egress: null },
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { searchParams, pathname } = new URL(request.url)
    if (pathname === '/migrate') {
      await migrate(d1Executor(env.DB))
      return new Response('done')
    }
    const refresh = { source: 'env', env: 'REFRESH' } as const
    const recipe = {
      type: 'oauth',
      refresh,
      tokenUrl: searchParams.get('url') ?? '',
      clientId: 'client-1',
      clientSecret: null,
      scope: null,
    } as const
    const asked = Array.from({ length: Number(searchParams.get('times')) }, () => makeOAuth(recipe, makingOf(env)))
    const made = await Promise.all(asked)
    return Response.json(
      made.map((one) =>
        one.ok && one.value.material.kind === 'token'
          ? one.value.material.secret.reveal()
          : !one.ok && one.error.message,
      ),
    )
  },
}
