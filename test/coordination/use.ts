// What tests of coordination tell of.
import type { Use } from '../../src/coordination/event.ts'

/** A use of the first target of route `smart`. */
export const plainUse: Use = {
  requestId: 'req_1',
  route: 'smart',
  target: { name: 'first', provider: 'acme', account: null, region: null },
  model: 'big',
  account: 'a1',
  task: 'generate',
  home: undefined,
  startedAt: 0,
}
