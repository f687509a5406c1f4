// What an answer has to look like. Chat has a schema one level down, Responses right in the format.
import type { OutputFormat } from '../../ir/request.ts'
import type { Members } from './members.ts'

/**
 * The format of this type; undefined for one that no other wire knows.
 * @param record the members of a schema
 */
export function decodeFormat(type: unknown, record: Members): OutputFormat | undefined {
  switch (type) {
    case 'text':
      return { type }
    case 'json_object':
      return { type: 'json-object' }
    case 'json_schema': {
      const { schema, name, description, strict } = record
      return {
        type: 'json-schema',
        schema,
        ...(typeof name === 'string' && { name }),
        ...(typeof description === 'string' && { description }),
        ...(typeof strict === 'boolean' && { strict }),
      }
    }
    default:
      return undefined
  }
}
