// The byte path of a request on this wire.
import { retargetTo } from '../openai-wire/retarget.ts'

export const upstreamPath = '/completions'

/** The client's bytes for the provider. */
export const retarget = retargetTo(upstreamPath)
