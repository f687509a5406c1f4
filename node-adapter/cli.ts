// The command line's first file: run as `node node-adapter/cli.ts <verb> …`, on Bun and Deno as well.
import process from 'node:process'
import { main } from './cli/main.ts'

process.exitCode = await main(process.argv.slice(2))
