// Models with their prices in integer nano-USD.
import { capabilitiesOf } from './compile-capabilities.ts'
import { usdToNano } from './money.ts'
import type { Path, Report } from './problem.ts'
import type { Config } from './schema.ts'
import type { ModelRecord, Price } from './snapshot.ts'

type Cost = NonNullable<Config['models'][string]['cost']>

/** Checks and compiles the models by id. */
export function compileModels(config: Config, report: Report): Map<string, ModelRecord> {
  const records = new Map<string, ModelRecord>()
  for (const [id, model] of Object.entries(config.models))
    records.set(id, {
      id,
      creator: model.creator,
      displayName: model.display_name,
      contextWindow: model.context_window,
      capabilities: capabilitiesOf(model.capabilities),
      strengths: model.strengths,
      price: model.cost === null ? null : compilePrice(model.cost, ['models', id, 'cost'], report),
    })
  return records
}

function compilePrice(cost: Cost, path: Path, report: Report): Price {
  const nano = (key: keyof Cost): number | null => {
    const usd = cost[key]
    if (usd === null) return null
    const money = usdToNano(usd)
    if (money.ok) return money.nano
    report.problem([...path, key], money.reason)
    return null
  }
  return {
    input: nano('input'),
    output: nano('output'),
    cacheRead: nano('cache_read'),
    cacheWrite: nano('cache_write'),
    cacheWrite1h: nano('cache_write_1h'),
    request: nano('request'),
  }
}
