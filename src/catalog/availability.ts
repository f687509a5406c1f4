// What the file may say but this version does not do. One table: a later version deletes rows and nothing else.
// What protects somebody (money, access, secrets) is refused; what only steers is replaced by the default, with a warning.
import { sameJson } from './json.ts'
import type { Path, Report } from './problem.ts'
import { once } from './schema-parts.ts'

interface Refused {
  readonly level: 'error'
  /** What is left to do instead. */
  readonly instead?: string
}

interface Replaced {
  readonly level: 'warning'
  /** What happens instead. */
  readonly instead: string
}

export type AvailabilityRow = (Refused | Replaced) & {
  /** Member names from the top; `*` stands for every member of an object or list. */
  readonly path: string
  /** The values this version honours; the first one replaces the others where the row only warns. */
  readonly only: readonly unknown[]
}

function refused(path: string, only: readonly unknown[], instead?: string): AvailabilityRow {
  return { level: 'error', path, only, ...(instead === undefined ? {} : { instead }) }
}

function replaced(path: string, only: readonly unknown[], instead: string): AvailabilityRow {
  return { level: 'warning', path, only, instead }
}

const useEnvKey = 'name the environment variable that holds the key in "env"'

/** The table. */
export const availabilityRows = once((): readonly AvailabilityRow[] => [
  // Money.
  refused('keys.*.budget_usd', [null]),
  refused('tenants.*.budget_usd', [null]),
  refused('providers.*.budget_usd', [null]),
  refused('policy.budget_usd', [null]),
  // Who may use what, and how much of it.
  refused('tenants.*.max_concurrency', [null]),
  refused('tenants.*.rate_limit', [null]),
  refused('tenants.*.allowed_routes', [[]]),
  refused('tenants.*.allowed_providers', [[]]),
  refused('tenants.*.allowed_accounts', [[]]),
  // The other kinds guard something.
  refused('plugins.*.kind', ['request_tag']),
  refused('keys.*.hash', [undefined], useEnvKey),
  // Steering.
  replaced('policy.compress_tool_results', [false], 'tool results are sent as they are'),
  replaced('agents.default_id', ['default'], 'there are no agents'),
  replaced('plugins', [[]], 'no plugin runs'),
  replaced('observability.body_log_bytes', [0], 'bodies are not logged'),
  replaced('observability.prompt_hash', [false], 'no hash is recorded'),
  replaced('observability.otlp', [null], 'nothing is exported'),
  replaced('observability.langfuse', [null], 'nothing is exported'),
])

/**
 * Reports everything in the configuration that this version does not do, and puts the default in the place of what is
 * only warned about. Changes `config`, which is therefore the caller's own copy.
 */
export function applyAvailability(config: Record<string, unknown>, report: Report): void {
  for (const row of availabilityRows()) visit(config, row.path.split('.'), [], row, report)
}

function visit(parent: unknown, steps: readonly string[], path: Path, row: AvailabilityRow, report: Report): void {
  const [step, ...rest] = steps
  if (step === undefined || typeof parent !== 'object' || parent === null) return
  for (const key of step === '*' ? Object.keys(parent) : [step]) {
    const here = [...path, Array.isArray(parent) ? Number(key) : key]
    if (rest.length > 0) visit(Reflect.get(parent, key), rest, here, row, report)
    else settle(parent, key, here, row, report)
  }
}

function settle(parent: object, key: string, path: Path, row: AvailabilityRow, report: Report): void {
  const value: unknown = Reflect.get(parent, key)
  if (row.only.some((accepted) => sameJson(value, accepted))) return
  if (row.level === 'error') return report.problem(path, 'not available in this version', row.instead)
  report.warning(path, 'not available in this version', row.instead)
  Reflect.set(parent, key, structuredClone(row.only[0]))
}
