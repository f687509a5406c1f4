// The object as it is deployed, and a way to end it as a machine that dies would.
import { Coordinator as Deployed } from '../../src/adapters/workers/coordinator.ts'

export class Coordinator extends Deployed {
  crash(): void {
    this.ctx.abort('the machine died')
  }
  /** Once everything that was written behind the answers is on disk. */
  kept(): Promise<void> {
    return this.ctx.storage.sync()
  }
}

export default {
  fetch: () => new Response('ready'),
}
