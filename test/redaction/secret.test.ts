// A secret shows its name, whatever prints, joins, copies or serialises it, on every runtime.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const value = 'canary-0123456789-value'

/** Everything that a careless line of code could do with it. */
const script = `
import process from 'node:process'
import { inspect } from 'node:util'
import { Secret } from '${root}src/ir/secret.ts'
// Runtimes quote source lines in their traces, so the value does not stand here.
const secret = new Secret('openai-main', process.env.VALUE ?? '')
const shown = [
  String(secret), \`\${secret}\`, secret + '', '' + secret, [secret].join(), secret.toString(), secret.toLocaleString(),
  JSON.stringify(secret), JSON.stringify({ a: [secret] }, null, 2),
  inspect(secret), inspect(secret, { showHidden: true, depth: Infinity, getters: true }),
  inspect({ deep: { deeper: new Map([['k', secret]]) } }, { depth: Infinity, showHidden: true }),
  inspect(secret, { customInspect: false, showHidden: true, getters: true }),
  JSON.stringify(Object.entries(secret)), JSON.stringify({ ...secret }), JSON.stringify(Object.getOwnPropertyNames(secret)),
  JSON.stringify(structuredClone({ ...secret })), inspect(structuredClone(secret)),
  inspect(Object.assign({}, secret)), inspect(Object.getOwnPropertyDescriptors(secret), { depth: Infinity }),
  inspect(new Error('failed', { cause: secret })), String(new Error('failed ' + secret).stack),
  inspect(new AggregateError([secret])), inspect(new Proxy(secret, {}), { showProxy: true }),
  inspect(Object.create(secret)), inspect([secret], { compact: false }),
  String(Reflect.ownKeys(secret)), String(Symbol.for('x').description), encodeURIComponent(secret),
  new URLSearchParams({ key: secret }).toString(), String(new Headers({ 'x-key': secret }).get('x-key')),
]
console.log(shown.join('\\n'))
console.log(secret, { secret }, [secret], new Map([[secret, secret]]), new Set([secret]))
console.log('%s %o %O %j', secret, secret, secret, secret)
console.error(new Error('failed', { cause: { secret } }))
console.table([{ secret }])
console.dir({ secret }, { depth: null, showHidden: true })
if (secret.reveal() !== process.env.VALUE) throw new Error('the value was lost')
console.log('done')
throw new Error('the end', { cause: { secret } })
`

const runtimes: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ['Node', 'node', []],
  ['Bun', 'bun', ['run']],
  ['Deno', 'deno', ['run', '--no-remote', '--no-prompt', '--allow-read', '--allow-env']],
]

describe('a secret', () => {
  it.each(runtimes)('keeps its value to itself on %s', (_name, command, args) => {
    const folder = mkdtempSync(join(tmpdir(), 'sb-secret-'))
    try {
      const file = join(folder, 'print.ts')
      writeFileSync(file, script)
      const env = { PATH: process.env.PATH, HOME: folder, DENO_NO_UPDATE_CHECK: '1', VALUE: value }
      const program = join(root, 'node_modules/.bin', command)
      const { stdout, stderr } = spawnSync(program, [...args, file], { env, encoding: 'utf8' })
      expect(stdout).toContain('done')
      expect(stdout).toContain('[secret:openai-main]')
      expect(stderr).toContain('the end')
      for (const piece of [value, value.slice(7, 17), Buffer.from(value).toString('base64')])
        expect(stdout + stderr).not.toContain(piece)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
