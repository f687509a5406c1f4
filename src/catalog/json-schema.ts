// The configuration's shape as JSON Schema, for editors and for `config schema`.
import { z } from 'zod'
import { catalogSchema, configSchema } from './schema.ts'

/** JSON Schema (draft 2020-12) of the configuration file, as people write it: everything with a default may be absent. */
export function configJsonSchema(): Record<string, unknown> {
  return render(configSchema(), 'Signalbox configuration')
}

/** JSON Schema of `catalog.json`. */
export function catalogJsonSchema(): Record<string, unknown> {
  return render(catalogSchema(), 'Signalbox catalog')
}

function render(schema: z.ZodType, title: string): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' })
  return { $schema, title, ...rest }
}
