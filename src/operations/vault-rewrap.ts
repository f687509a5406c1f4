// `vault rewrap`: everything in the vault under the first key of the ring, so that older keys may go.
import { z } from 'zod'
import { defineOperation } from './operation.ts'
import { fromStore } from './trace-view.ts'
import { vaultOf } from './vault-view.ts'

export const vaultRewrap = defineOperation({
  verb: 'vault rewrap',
  tier: 'privileged',
  summary: 'Seal every entry of the vault anew under the first key of the ring.',
  examples: ['vault rewrap'],
  scope: 'anywhere',
  positional: [],
  needsStores: true,
  input: z.strictObject({}),
  output: z.strictObject({
    rewrapped: z.int(),
    kept: z.int().describe('Those that were under the first key already'),
    unopened: z.array(z.string()).describe('Entries that no key of this gateway opens; left as they are'),
    unused_keys: z.array(z.string()).describe('Keys that no entry of the vault needs any more'),
  }),
  run: async (context) => {
    const done = await fromStore(vaultOf(context).rewrap())
    if (!done.ok) throw done.error
    const { rewrapped, kept, unopened, unusedKeys } = done.value
    return { rewrapped, kept, unopened: [...unopened], unused_keys: [...unusedKeys] }
  },
})
