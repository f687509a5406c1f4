// Bun reads the `.env` files of the folder it is started in before any code of ours runs. In somebody else's repository they
// could name a configuration, and with it where keys are sent. https://bun.com/docs/runtime/environment-variables
import { existsSync } from 'node:fs'
import process from 'node:process'
import { runtimeName } from './runtime-name.ts'

const names = ['', '.development', '.production', '.test'].flatMap((mode) => [`.env${mode}`, `.env${mode}.local`])

/** The file of the current folder that Bun took variables from without being asked; undefined where there is none. */
export function envFileOfFolder(): string | undefined {
  if (runtimeName() !== 'bun' || process.execArgv.some((flag) => /^--(?:no-)?env-file\b/.test(flag))) return undefined
  return names.find((name) => existsSync(name))
}
