import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { allDialects } from '../../src/dialects/index.ts'
import { operations } from '../../src/operations/index.ts'
import { inputJsonSchema } from '../../src/operations/json-schema.ts'
import { globalFlags, placeFlags } from '../../node-adapter/cli/commands.ts'

const folder = fileURLToPath(new URL('../../src/operations', import.meta.url))
const files = readdirSync(folder).filter((name) => {
  const text = readFileSync(join(folder, name), 'utf8')
  return name !== 'operation.ts' && text.includes('defineOperation(')
})

describe('the registry of operations', () => {
  it('is compared with files that exist', () => {
    expect(files.length).toBeGreaterThan(8)
  })

  it.each(files)('has what %s defines', async (name) => {
    const module = (await import(join(folder, name))) as Record<string, unknown>
    const defined = Object.values(module).filter(
      (value) => typeof value === 'object' && value !== null && 'verb' in value,
    )
    expect(defined.length).toBeGreaterThan(0)
    for (const operation of defined) expect(operations).toContain(operation)
  })

  it('has no verb twice, in words or with dashes', () => {
    const names = operations.map((operation) => operation.verb.replaceAll(' ', '-'))
    expect(new Set(names).size).toBe(names.length)
  })
})

describe.each(operations.map((operation) => [operation.verb, operation] as const))('%s', (_verb, operation) => {
  const properties = Object.keys(inputJsonSchema(operation)['properties'] as object)

  it('has a name that every surface can carry', () => {
    expect(operation.verb).toMatch(/^[a-z]+(?:-[a-z]+)*(?: [a-z]+(?:-[a-z]+)*)?$/)
  })

  it('is explained by one sentence and at least one example of itself', () => {
    expect(operation.summary).toMatch(/^[A-Z].*\.$/)
    expect(operation.examples.length).toBeGreaterThan(0)
    for (const example of operation.examples) expect(example.startsWith(operation.verb)).toBe(true)
  })

  it('takes nothing but what its schema names', () => {
    expect(inputJsonSchema(operation)).toMatchObject({ type: 'object', additionalProperties: false })
    for (const field of properties) expect(field).toMatch(/^[a-z]+(?:_[a-z]+)*$/)
  })

  it('takes by position only what it has', () => {
    expect(properties).toEqual(expect.arrayContaining([...operation.positional]))
  })

  it('leaves the flags of every verb alone', () => {
    const taken = [...globalFlags, ...placeFlags].map((flag) => flag.field)
    expect(properties.filter((field) => taken.includes(field))).toEqual([])
  })
})

describe('route preview', () => {
  it('knows every dialect that a client can speak', () => {
    const preview = operations.find((operation) => operation.verb === 'route preview')
    if (preview === undefined) throw new Error('not there')
    const spoken = Object.values(allDialects).flatMap(({ id, endpoints }) => (endpoints.length > 0 ? id : []))
    expect(inputJsonSchema(preview)['properties']).toMatchObject({ dialect: { enum: spoken } })
  })
})
