// The command line's first file: run as `node node-adapter/cli.ts <verb> …`, on Bun and Deno as well.
import process from 'node:process'
import { keepCompiled } from './compile-cache.ts'

await keepCompiled()
// Only now, so that it counts for everything that is loaded from here on.
const { main } = await import('./cli/main.ts')
const code = await main(process.argv.slice(2))
// Everything was written; what is still open (a second signal during a drain) has no say any more.
process.exit(code)
