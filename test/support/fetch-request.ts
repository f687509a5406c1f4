import { createCancellation } from '../../src/engine/cancellation.ts'
import type { FetchRequest } from '../../src/ports/index.ts'

/** A request as a provider's is, to an address of the open internet, with what a test wants otherwise. */
export function fetchRequest(extra: Partial<FetchRequest> = {}): FetchRequest {
  return {
    method: 'POST',
    url: 'https://api.example.com/v1',
    headers: {},
    cancellation: createCancellation(),
    connectTimeoutMs: 1000,
    allowPrivate: false,
    allowHttp: false,
    egress: null,
    ...extra,
  }
}
