// Every strategy by its name in the file.
import type { Strategy } from '../../catalog/snapshot.ts'
import { cheapest } from './cheapest.ts'
import { fastest } from './fastest.ts'
import { leastConnections } from './least-connections.ts'
import { priority } from './priority.ts'
import { roundRobin } from './round-robin.ts'
import { score } from './score.ts'
import type { OrderBy } from './strategy.ts'
import { weighted } from './weighted.ts'

export const strategies: Readonly<Record<Strategy, OrderBy>> = {
  priority,
  round_robin: roundRobin,
  weighted,
  least_connections: leastConnections,
  fastest,
  cheapest,
  score,
}
