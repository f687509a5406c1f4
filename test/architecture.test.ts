// The layers of the design, checked by reading the imports themselves: a lint rule can be switched off in a comment, this cannot.
import { readdirSync, readFileSync, existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Source {
  readonly file: string
  readonly text: string
  /** The text without comments, so that prose may speak of what code may not do. */
  readonly code: string
  readonly imports: readonly string[]
}

function sourcesOf(folder: string): Source[] {
  const base = join(root, folder)
  if (!existsSync(base)) return []
  return readdirSync(base, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readSource(relative(root, join(base, name))))
}

function readSource(file: string): Source {
  return analyse(file, readFileSync(join(root, file), 'utf8'))
}

function analyse(file: string, text: string): Source {
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\/\/.*$/, '').replace(/\s\/\/ .*$/, ''))
    .join('\n')
  // Statements only: a string that happens to say "from" is no import.
  const specifiers = [
    ...code.matchAll(/(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"\n]+)['"]/g),
    ...code.matchAll(/\bimport\(\s*['"]([^'"\n]+)['"]/g),
  ].map((match) => match[1] ?? '')
  const imports = specifiers.map((specifier) =>
    specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier,
  )
  return { file, text, code, imports }
}

/** Which layer a file of the project belongs to; the longest prefix wins. */
const layers: readonly (readonly [prefix: string, layer: string])[] = [
  ['src/ir/', 'ir'],
  ['src/wire/', 'wire'],
  ['src/ports/', 'ports'],
  ['src/dialects/dialect.ts', 'dialect'],
  ['src/dialects/index.ts', 'dialects'],
  ['src/dialects/kit/', 'dialect-kit'],
  ['src/dialects/openai-wire/', 'openai-wire'],
  ['src/dialects/', 'dialect-folder'],
  ['src/auth/', 'auth'],
  ['src/catalog/snapshot.ts', 'snapshot'],
  ['src/catalog/snapshot/', 'snapshot'],
  ['src/catalog/capabilities.ts', 'snapshot'],
  ['src/catalog/score-profiles.ts', 'snapshot'],
  ['src/catalog/digest.ts', 'snapshot'],
  ['src/catalog/glob.ts', 'snapshot'],
  ['src/catalog/', 'catalog'],
  ['src/providers/provider.ts', 'provider'],
  ['src/providers/index.ts', 'providers'],
  ['src/providers/', 'provider-folder'],
  ['src/redaction/', 'redaction'],
  ['src/sealing/', 'sealing'],
  ['src/credentials/', 'credentials'],
  ['src/egress/', 'egress'],
  ['src/policy/', 'policy'],
  ['src/coordination/', 'coordination'],
  ['src/store/', 'store'],
  ['src/engine/', 'engine'],
  ['src/operations/', 'operations'],
  ['src/http/', 'http'],
  ['src/app.ts', 'app'],
  ['src/adapters/', 'adapters'],
  ['node-adapter/', 'adapters'],
]

const allowed: Readonly<Record<string, readonly string[]>> = {
  ir: ['ir'],
  wire: ['wire', 'eventsource-parser', '@smithy/eventstream-codec'],
  ports: ['ir', 'ports', 'snapshot'],
  dialect: ['ir', 'wire'],
  dialects: ['dialect', 'dialect-folder', 'ir'],
  // What every codec needs; it reads shapes and owns none, which is all it wants of zod.
  'dialect-kit': ['ir', 'wire', 'dialect', 'dialect-kit', 'zod'],
  // What OpenAI's own wires share.
  'openai-wire': ['ir', 'wire', 'dialect', 'dialect-kit', 'openai-wire'],
  // Only its own folder, and the family's where it is OpenAI's: checked below.
  'dialect-folder': ['ir', 'wire', 'dialect', 'dialect-kit', 'openai-wire', 'dialect-folder', 'zod'],
  auth: ['ir', 'ports', 'snapshot', 'auth', 'aws4fetch', 'jose'],
  snapshot: ['ir', 'snapshot'],
  // Checking an address is a pure decision, so the screen that guards requests also guards the file.
  catalog: ['ir', 'snapshot', 'catalog', 'redaction', 'policy', 'zod', 'zod/v4', 'jsonc-parser'],
  provider: ['ir', 'ports', 'auth', 'snapshot'],
  providers: ['provider', 'provider-folder'],
  'provider-folder': ['ir', 'ports', 'wire', 'provider', 'provider-folder', 'auth', 'snapshot'],
  // What keeps secrets out of texts; every sink goes through it.
  redaction: ['ir', 'ports', 'snapshot', 'redaction'],
  // The one way out: addresses are screened and proxies chosen before anything is sent.
  egress: ['ir', 'ports', 'wire', 'snapshot', 'policy', 'egress'],
  // Ciphers and keys of what is kept at rest.
  sealing: ['ir', 'ports', 'wire', 'sealing'],
  // From where a secret is kept to what a signer can use.
  credentials: ['ir', 'ports', 'wire', 'snapshot', 'auth', 'redaction', 'sealing', 'egress', 'credentials', 'jose'],
  policy: ['ir', 'snapshot', 'policy'],
  store: ['ports', 'snapshot', 'store', 'wire'],
  // What instances agree on: locks, breakers, slots, whose turn it is.
  coordination: ['ir', 'ports', 'snapshot', 'policy', 'coordination'],
  engine: [
    'ir',
    'wire',
    'ports',
    'dialect',
    'dialects',
    'provider',
    'providers',
    'auth',
    'credentials',
    'egress',
    'sealing',
    'redaction',
    'policy',
    'coordination',
    'snapshot',
    'catalog',
    'engine',
  ],
  operations: [
    'engine',
    'coordination',
    'credentials',
    'redaction',
    'sealing',
    'policy',
    'catalog',
    'snapshot',
    'ports',
    'ir',
    'wire',
    'operations',
    'zod',
  ],
  http: [
    'engine',
    'coordination',
    'operations',
    'dialect',
    'dialects',
    'ports',
    'ir',
    'wire',
    'snapshot',
    'policy',
    'sealing',
    'credentials',
    'egress',
    'redaction',
    'http',
    'hono',
    '@modelcontextprotocol/server',
  ],
  app: [
    'ir',
    'wire',
    'ports',
    'dialect',
    'dialects',
    'snapshot',
    'catalog',
    'provider',
    'providers',
    'auth',
    'credentials',
    'egress',
    'sealing',
    'redaction',
    'policy',
    'coordination',
    'store',
    'engine',
    'operations',
    'http',
    'hono',
  ],
}

function layerOf(path: string): string | undefined {
  let best: readonly [string, string] | undefined
  for (const entry of layers) if (path.startsWith(entry[0]) && entry[0].length > (best?.[0].length ?? -1)) best = entry
  return best?.[1]
}

function layerOfImport(specifier: string): string {
  if (specifier.startsWith('src/') || specifier.startsWith('node-adapter/')) return layerOf(specifier) ?? specifier
  // `hono/streaming` counts as hono, `zod/v4` as itself.
  return specifier.startsWith('hono/') ? 'hono' : specifier.replace(/^(@[^/]+\/[^/]+)\/.*$/, '$1')
}

/** Every forbidden import of a file, as text. */
function layerViolations(source: Source): string[] {
  const layer = layerOf(source.file)
  if (layer === undefined) return [`${source.file}: belongs to no layer`]
  const rules = allowed[layer]
  if (rules === undefined)
    return source.imports.filter((path) => layerOfImport(path) === 'adapters' && layer !== 'adapters')
  return source.imports
    .filter((path) => {
      const target = layerOfImport(path)
      if (!rules.includes(target)) return true
      const sameFolder =
        dirname(path).split('/').slice(0, 3).join('/') === dirname(source.file).split('/').slice(0, 3).join('/')
      if (target === 'dialect-folder' && layer === 'dialect-folder') return !sameFolder
      if (target === 'openai-wire' && layer === 'dialect-folder') return !source.file.startsWith('src/dialects/openai-')
      if (target === 'provider-folder' && layer === 'provider-folder') return !sameFolder
      return target === 'zod' && layer === 'dialect-folder' && !source.file.endsWith('/schema.ts')
    })
    .map((path) => `${source.file} imports ${path}`)
}

/** What no core file may say, beyond imports. */
const bans: readonly { readonly what: string; readonly pattern: RegExp; readonly except?: RegExp }[] = [
  { what: 'a runtime module', pattern: /['"](?:node|cloudflare|bun):/ },
  { what: 'process', pattern: /(?<![\w.'"-])process\s*[.[]/ },
  { what: 'Deno', pattern: /(?<![\w'"])Deno\s*[.[]/ },
  { what: 'Buffer', pattern: /(?<![\w'"])Buffer\s*[.(]/ },
  { what: 'a bare fetch', pattern: /(?<![\w.])fetch\(/, except: /^src\/(?:app|http|adapters)/ },
  { what: 'Date.now', pattern: /Date\.now/ },
  { what: 'new Date()', pattern: /new Date\(\)/ },
  { what: 'Math.random', pattern: /Math\.random/ },
  { what: 'randomUUID', pattern: /randomUUID/ },
  { what: 'a timer', pattern: /(?<![\w.])set(?:Timeout|Interval|Immediate)\(/ },
  { what: '.tee(', pattern: /\.tee\(/ },
  { what: 'JSON.parse', pattern: /JSON\.parse\(/, except: /^src\/wire\/json-parse\.ts$/ },
  { what: 'code from text', pattern: /(?<![\w.])(?:eval|Function)\(/ },
  { what: 'a silenced lint rule without a reason', pattern: /oxlint-disable(?!.* -- )/ },
]

function banViolations(source: Source): string[] {
  const found = bans
    .filter(
      (ban) =>
        ban.except?.test(source.file) !== true &&
        ban.pattern.test(ban.what.includes('lint') ? source.text : source.code),
    )
    .map((ban) => `${source.file}: ${ban.what}`)
  if (source.file.startsWith('src/policy/') && /\bawait\b|\basync\b|new Date\(/.test(source.code))
    found.push(`${source.file}: policy is pure and synchronous`)
  return found
}

const core = sourcesOf('src').filter((source) => !source.file.startsWith('src/adapters/'))
const everything = [...sourcesOf('src'), ...sourcesOf('node-adapter')]

describe('the layers', () => {
  it('are walked at all', () => {
    expect(core.length).toBeGreaterThan(15)
    expect(core.flatMap((source) => source.imports).length).toBeGreaterThan(20)
  })

  it('import only what lies below them', () => {
    expect(everything.flatMap(layerViolations)).toEqual([])
  })

  it('keep effects and runtimes out of the core', () => {
    expect(core.flatMap(banViolations)).toEqual([])
  })

  it('let nobody but themselves import an adapter', () => {
    expect(core.flatMap((source) => source.imports.filter((path) => layerOfImport(path) === 'adapters'))).toEqual([])
  })

  it('have every dialect and provider folder in its registry', () => {
    for (const folder of ['dialects', 'providers']) {
      const path = join(root, 'src', folder)
      const registry = existsSync(join(path, 'index.ts')) ? readFileSync(join(path, 'index.ts'), 'utf8') : undefined
      const missing = readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(join(path, entry.name, 'index.ts')))
        .filter((entry) => registry === undefined || !registry.includes(`'./${entry.name}/index.ts'`))
        .map((entry) => `${folder}/${entry.name}`)
      expect(missing).toEqual([])
    }
  })
})

/**
 * The files that may look into a secret, by what they need its value for. A line here is a decision: whoever adds one has
 * made sure that the value goes into a signature, a ciphertext, a comparison or a call to its issuer, and nowhere else.
 */
const revealers: Readonly<Record<string, readonly string[]>> = {
  'the type itself': ['src/ir/secret.ts'],
  'signs requests': ['src/auth/sign.ts', 'src/auth/sigv4.ts'],
  seals: ['src/sealing/vault.ts', 'src/sealing/legacy.ts'],
  'tells values apart': ['src/credentials/print.ts'],
  'makes tokens': [
    'aws-web-identity',
    'aws',
    'azure',
    'codex-oauth',
    'google-key',
    'google-service-account',
    'login-file',
    'oauth-record',
    'oauth-refresh',
    'oauth',
  ].map((name) => `src/credentials/recipes/${name}.ts`),
  'asks secret stores': ['hashicorp-vault', 'inline', 'sealed'].map((name) => `src/credentials/sources/${name}.ts`),
  'takes secrets out of texts': ['src/redaction/scrubber.ts', 'src/redaction/known-secrets.ts'],
  'dials a proxy': ['node-adapter/egress-tunnel.ts', 'node-adapter/egress-pools.ts'],
  'encrypts an export': ['node-adapter/vault/dump.ts'],
}

function revealViolations(source: Source): string[] {
  const reveals = /\.\s*reveal\b|\[\s*['"`]reveal['"`]|\{[^}]*\breveal\b[^}]*\}\s*=/.test(source.code)
  return reveals && !Object.values(revealers).flat().includes(source.file) ? [`${source.file} reveals a secret`] : []
}

describe('the value of a secret', () => {
  it('is looked at by the listed files only', () => {
    expect(everything.flatMap(revealViolations)).toEqual([])
  })

  it.each(['const a = secret.reveal()', 'const { reveal } = secret', "secret['reveal']()", 'secret\n  .reveal()'])(
    'would be seen: %s',
    (code) => {
      expect(revealViolations(analyse('src/engine/x.ts', code))).not.toEqual([])
      expect(revealViolations(analyse('src/auth/sign.ts', code))).toEqual([])
    },
  )
})

describe('the layer test itself', () => {
  it.each([
    [
      'a dialect that imports another dialect',
      'src/dialects/openai-chat/x.ts',
      `import { a } from '../anthropic-messages/index.ts'`,
    ],
    [
      'a dialect that imports the engine',
      'src/dialects/openai-chat/x.ts',
      `import { a } from '../../engine/execute.ts'`,
    ],
    [
      'a foreign dialect that imports OpenAI parts',
      'src/dialects/gemini/x.ts',
      `import { a } from '../openai-wire/errors.ts'`,
    ],
    ['a dialect that uses zod outside its schema', 'src/dialects/openai-chat/x.ts', `import { z } from 'zod'`],
    ['the wire that imports the canonical vocabulary', 'src/wire/x.ts', `import type { A } from '../ir/facts.ts'`],
    ['the canonical vocabulary that imports anything', 'src/ir/x.ts', `import { z } from 'zod'`],
    ['an engine that imports hono', 'src/engine/x.ts', `import { Hono } from 'hono'`],
    ['a core file that imports an adapter', 'src/engine/x.ts', `import { a } from '../../node-adapter/node.ts'`],
    ['a file in no layer', 'src/helpers/x.ts', `export const a = 1`],
  ])('sees %s', (_name, file, text) => {
    expect(layerViolations(analyse(file, text))).not.toEqual([])
  })

  it.each([
    ['a runtime module', 'src/engine/x.ts', `import fs from 'node:fs'`],
    ['process', 'src/engine/x.ts', `const home = process.env['HOME']`],
    ['a bare fetch', 'src/engine/x.ts', `await fetch('https://x')`],
    ['the time', 'src/policy/x.ts', `const t = Date.now()`],
    ['a timer', 'src/engine/x.ts', `setTimeout(() => {}, 1)`],
    ['JSON.parse', 'src/dialects/openai-chat/x.ts', `JSON.parse('1')`],
    ['await in policy', 'src/policy/x.ts', `export async function f() { await g() }`],
    ['tee', 'src/engine/x.ts', `body.tee()`],
    ['a silenced rule', 'src/engine/x.ts', `// oxlint-disable-next-line no-console`],
  ])('sees %s', (_name, file, text) => {
    expect(banViolations(analyse(file, text))).not.toEqual([])
  })
})
