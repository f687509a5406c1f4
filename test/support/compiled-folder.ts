// Where the processes of the tests keep what Node compiled: the same files are started hundreds of times.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** For `NODE_COMPILE_CACHE` of a child process. */
export const compiledFolder: string = join(
  fileURLToPath(new URL('../..', import.meta.url)),
  'node_modules/.cache/signalbox-compiled',
)
