import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { GatewayError } from '../../src/ir/error.ts'
import { defineOperation, type Operation } from '../../src/operations/operation.ts'
import { checkInput, runOperation } from '../../src/operations/run-operation.ts'
import { contextOf, errorOf } from './context.ts'

const context = contextOf({})

const greet = defineOperation({
  verb: 'greet all',
  tier: 'read',
  summary: 'Greet.',
  examples: [],
  scope: 'anywhere',
  positional: [],
  input: z.strictObject({
    name: z.string(),
    times: z.int().min(1).max(3).default(1),
    tone: z.enum(['warm', 'dry']).optional(),
  }),
  output: z.array(z.strictObject({ text: z.string() })),
  run: async (_context, { name, times }) => Array.from({ length: times }, () => ({ text: `hello ${name}` })),
})

function variant(run: Operation['run']): Operation {
  return { ...greet, run }
}

describe('an operation', () => {
  it('answers a list in the envelope with its length, defaults filled in', async () => {
    const { envelope, error } = await runOperation(greet, context, { name: 'Ada' })
    expect(error).toBeUndefined()
    expect(envelope).toEqual({
      ok: true,
      command: 'greet all',
      schema_version: '1',
      data: [{ text: 'hello Ada' }],
      count: 1,
    })
  })

  it.each([
    [
      'an unknown field, with the nearest one',
      { name: 'Ada', tims: 2 },
      'invalid_value',
      'tims',
      /did you mean "times"/,
    ],
    ['a field that is missing', {}, 'missing_required_parameter', 'name', /name: required/],
    ['a field of the wrong type', { name: 7 }, 'invalid_value', 'name', /expected text/],
    ['a number out of range', { name: 'Ada', times: 4 }, 'invalid_value', 'times', /3 or less/],
    [
      'a value that is none of the choices',
      { name: 'Ada', tone: 'warn' },
      'invalid_value',
      'tone',
      /did you mean "warm"/,
    ],
    [
      'a name that was mistyped, before the one that is missing',
      { nane: 'Ada' },
      'invalid_value',
      'nane',
      /did you mean "name".*|name: required/,
    ],
    ['null in the place of a value', { name: null }, 'invalid_value', 'name', /name/],
  ])('refuses %s', async (_what, input, code, param, message) => {
    const error = await errorOf(greet, context, input)
    expect(error).toMatchObject({ code, param })
    expect(error.message).toMatch(message)
  })

  it.each([
    ['a list', []],
    ['text', 'name=Ada'],
    ['a number', 4],
  ])('refuses %s as its input', async (_what, input) => {
    expect(await errorOf(greet, context, input)).toMatchObject({ code: 'invalid_body' })
  })

  it('takes absent input as an empty one', async () => {
    expect(await errorOf(greet, context)).toMatchObject({ code: 'missing_required_parameter' })
    expect(await errorOf(greet, context, null)).toMatchObject({ code: 'missing_required_parameter' })
  })

  it('never runs on input that was refused', async () => {
    let ran = false
    const spy = variant(async () => {
      ran = true
      return []
    })
    await runOperation(spy, context, { name: 1 })
    expect(ran).toBe(false)
  })

  it('reports a gateway error with its code, parameter and status', async () => {
    const failing = variant(async () => {
      throw new GatewayError('not_found', { message: 'nobody there', param: 'name' })
    })
    const { envelope, error } = await runOperation(failing, context, { name: 'Ada' })
    expect(error?.status).toBe(404)
    expect(envelope).toEqual({
      ok: false,
      command: 'greet all',
      schema_version: '1',
      error: { code: 'not_found', message: 'nobody there', param: 'name' },
    })
  })

  it.each([
    [
      'throws something unexpected',
      async () => {
        throw new Error('secret-7f3a in the text')
      },
    ],
    ['answers with a member that it did not promise', async () => [{ text: 'hello', secret: 'secret-7f3a' }]],
  ] as const)('says only "internal" where it %s', async (_what, run) => {
    const { envelope, error } = await runOperation(variant(run), context, { name: 'Ada' })
    expect(error?.code).toBe('internal')
    expect(error?.cause).toBeInstanceOf(Error)
    expect(JSON.stringify(envelope)).not.toContain('secret-7f3a')
  })

  it('is checked without being run', () => {
    expect(checkInput(greet, { name: 'Ada' })).toEqual({ ok: true, value: { name: 'Ada', times: 1 } })
  })
})
