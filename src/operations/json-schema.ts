// The input and the answer of an operation as JSON Schema, for tool lists, for flags, and for whoever asks over HTTP.
import { z } from 'zod'
import type { Operation } from './operation.ts'

type JsonSchema = Readonly<Record<string, unknown>>

/** What a caller may send: an object whose members are all known. */
export function inputJsonSchema(operation: Operation): JsonSchema {
  return withoutDialect(z.toJSONSchema(operation.input, { io: 'input' }))
}

/** The envelope around the operation's answer, failed ones included. */
export function outputJsonSchema(operation: Operation): JsonSchema {
  return {
    type: 'object',
    properties: {
      ok: { type: 'boolean' },
      command: { const: operation.verb },
      schema_version: { const: '1' },
      data: withoutDialect(z.toJSONSchema(operation.output, { io: 'output' })),
      count: { type: 'integer', description: 'The length of a list' },
      warnings: { type: 'array', items: { type: 'string' } },
      error: {
        type: 'object',
        properties: { code: { type: 'string' }, message: { type: 'string' }, param: { type: 'string' } },
        required: ['code', 'message'],
      },
    },
    required: ['ok', 'command', 'schema_version'],
  }
}

function withoutDialect(schema: object): JsonSchema {
  const { $schema: _, ...rest } = schema as Record<string, unknown>
  return rest
}
