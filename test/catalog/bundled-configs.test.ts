// The files under configs/: they compile, say what they promise, and their JSON Schemas are fresh.
import { Validator } from '@cfworker/json-schema'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { catalogJsonSchema, configJsonSchema } from '../../src/catalog/json-schema.ts'
import { parseConfig } from '../../src/catalog/parse-config.ts'
import { problemText } from '../../src/catalog/problem.ts'
import { presets } from '../../src/catalog/presets.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'

const folder = fileURLToPath(new URL('../../configs/', import.meta.url))

function read(name: string): unknown {
  const parsed = parseConfig(readFileSync(join(folder, name), 'utf8'))
  if (!parsed.ok) throw new Error(parsed.problems.map(problemText).join('\n'))
  return parsed.value
}

function compile(document: unknown, catalog?: unknown): Snapshot {
  const compiled = compileConfig({ document, ...(catalog === undefined ? {} : { catalog }) })
  if (!compiled.ok) throw new Error(compiled.problems.map(problemText).join('\n'))
  expect(compiled.warnings).toEqual([])
  return compiled.snapshot
}

describe('quickstart.jsonc', () => {
  it('serves mock/echo without a route, everything else by a glob, and needs no key', () => {
    const snapshot = compile(read('quickstart.jsonc'))
    expect(snapshot.providers.get('mock')).toMatchObject({ type: 'mock', accounts: [{ credential: null }] })
    expect(snapshot.routes.has('mock/echo')).toBe(false)
    expect(snapshot.routes.get('echo')?.targets).toMatchObject([{ provider: 'mock', model: 'echo' }])
    expect(snapshot.globRoutes).toMatchObject([{ match: '*', targets: [{ provider: 'mock', model: '*' }] }])
    expect(snapshot.keys).toEqual([])
    expect(snapshot.storage).toEqual({ kind: 'sqlite', path: '../.signalbox/state.sqlite' })
    expect(snapshot.server).toMatchObject({ host: '127.0.0.1', port: 8787 })
  })
})

describe('signalbox.example.jsonc', () => {
  it('compiles without a warning and names every type', () => {
    const snapshot = compile(read('signalbox.example.jsonc'))
    expect(snapshot.routes.get('desk')).toMatchObject({ stripPrefix: true })
    const text = readFileSync(join(folder, 'signalbox.example.jsonc'), 'utf8')
    const list = /Types:\s*([^.]+)\./.exec(text.replaceAll(/\n\s*\/\/ /g, ' '))?.[1]?.split(/,\s+/) ?? []
    expect(list.sort()).toEqual(Object.keys(presets).sort())
  })

  it('shows the defaults of the server where it shows settings', () => {
    const example = compile(read('signalbox.example.jsonc')).server
    const defaults = compile({ providers: { mock: { type: 'mock' } } }).server
    expect({ ...example, headers: {} }).toEqual({ ...defaults, headers: {} })
  })
})

describe('catalog.example.json', () => {
  it('stands beside a configuration without those sections', () => {
    const snapshot = compile({}, read('catalog.example.json'))
    expect([...snapshot.routes.keys()]).toEqual(['lite'])
  })
})

describe('smoke.json', () => {
  it('has the keys of the smoke test, with the roles and ends it counts on', () => {
    const snapshot = compile(read('smoke.json'))
    expect(snapshot.storage.kind).toBe('memory')
    expect(snapshot.keys.map((key) => [key.id, key.roles, key.revoked, key.expiresAt !== null])).toEqual([
      ['agent', ['agent'], false, false],
      ['admin', ['admin'], false, false],
      ['mutation', ['operator'], false, false],
      ['expired', ['agent'], false, true],
      ['revoked', ['agent'], true, false],
    ])
  })
})

describe('the JSON Schemas', () => {
  const files = { 'signalbox.schema.json': configJsonSchema, 'catalog.schema.json': catalogJsonSchema }

  it.each(Object.entries(files))('%s is what node-adapter/write-schema.ts would write', (name, schema) => {
    expect(readFileSync(join(folder, 'schema', name), 'utf8')).toBe(`${JSON.stringify(schema(), null, 2)}\n`)
  })

  it.each([
    ['quickstart.jsonc', 'signalbox.schema.json'],
    ['signalbox.example.jsonc', 'signalbox.schema.json'],
    ['smoke.json', 'signalbox.schema.json'],
    ['catalog.example.json', 'catalog.schema.json'],
  ])('%s is valid by %s', (name, schemaName) => {
    const schema = JSON.parse(readFileSync(join(folder, 'schema', schemaName), 'utf8')) as object
    expect(new Validator(schema, '2020-12').validate(read(name)).errors).toEqual([])
  })

  it('refuse unknown keys too', () => {
    const validator = new Validator(configJsonSchema(), '2020-12')
    expect(validator.validate({ routes: { r: { targts: [] } } }).valid).toBe(false)
    expect(validator.validate({ server: { port: 1 } }).valid).toBe(true)
  })
})
