// Writes the JSON Schemas of the configuration files for editors. Run it after a change of the schema; a test says when.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalogJsonSchema, configJsonSchema } from '../src/catalog/json-schema.ts'

const folder = fileURLToPath(new URL('../configs/schema/', import.meta.url))
mkdirSync(folder, { recursive: true })
const schemas = {
  'signalbox.schema.json': configJsonSchema(),
  'catalog.schema.json': catalogJsonSchema(),
}
for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(join(folder, name), `${JSON.stringify(schema, null, 2)}\n`)
  console.log(join(folder, name))
}
