// The form of an answer that a request asks for, both ways: a JSON schema, as JSON inside a string.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_OutputFormat.html
import type { OutputFormat } from '../../ir/request.ts'
import { parseJson } from '../../wire/json-parse.ts'
import { present, textOf } from '../kit/present.ts'
import type { WireBlock } from './encode-content.ts'
import { leftOver, objectOf, type Members } from './extras.ts'
import type { RequestShape } from './schema.ts'

export interface OutputReading {
  readonly format?: OutputFormat
  /** The schema as it was written: it is JSON inside a string, and goes back as it came. */
  readonly schemaText?: string
  readonly rest?: Members
}

/** Decodes `outputConfig` but for the effort; what is no JSON schema is kept. */
export function decodeOutput({ outputConfig }: RequestShape): OutputReading {
  const rest = leftOver(outputConfig, ['effort', 'textFormat']) ?? {}
  const textFormat = outputConfig?.textFormat
  const { jsonSchema } = objectOf(textFormat?.['structure'])
  const schemaText = textOf(objectOf(jsonSchema)['schema'])
  const schema = schemaText === undefined ? undefined : parseJson(schemaText)
  if (textFormat?.['type'] !== 'json_schema' || schemaText === undefined || schema === undefined)
    return { rest: textFormat ? { ...rest, textFormat } : rest }
  const { name, description } = objectOf(jsonSchema)
  const inner = leftOver(jsonSchema, ['schema', 'name', 'description'])
  return {
    format: { type: 'json-schema', schema, ...present({ name: textOf(name), description: textOf(description) }) },
    schemaText,
    rest: inner === undefined ? rest : { ...rest, textFormat: { structure: { jsonSchema: inner } } },
  }
}

/**
 * A schema as `textFormat`.
 * @param schemaText the schema as it was written, where it came from this wire
 */
export function encodeTextFormat(
  { schema, name, description }: { readonly schema: unknown; readonly name?: string; readonly description?: string },
  schemaText: string = JSON.stringify(schema),
): WireBlock {
  return {
    type: 'json_schema',
    structure: { jsonSchema: { schema: schemaText, ...present({ name, description }) } },
  }
}
