// Writes src/store/sql/migrations.ts from the .sql files beside it: node test/store/generate-migrations.ts
// The files are the source of truth (wrangler reads them); the core may not read files, and a Worker has none to read.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../src/store/sql/migrations', import.meta.url))
export const modulePath: string = `${folder}.ts`

/** The statements of a migration file: separated by a semicolon and an empty line, comment lines left out. */
export function splitStatements(text: string): string[] {
  const code = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('--'))
    .join('\n')
  return code
    .split(/;[ \t]*(?:\n[ \t]*(?=\n)|\n?$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}

/** The text that migrations.ts has to have, formatted as the formatter would. */
export function renderMigrations(): string {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
  const entries = names.map((name) => {
    const statements = splitStatements(readFileSync(join(folder, name), 'utf8'))
    return `  {\n    name: '${name}',\n    statements: [\n${statements.map((text) => `      ${literal(text)},\n`).join('')}    ],\n  },\n`
  })
  return [
    '// Generated from migrations/*.sql by test/store/generate-migrations.ts; a test fails when it is stale. Do not edit.',
    `export const migrations = [\n${entries.join('')}]\n`,
  ].join('\n')
}

function literal(text: string): string {
  if (text.includes('\n')) return `\`${text.replaceAll(/[\\`]|\$\{/g, String.raw`\$&`)}\``
  return text.includes("'") ? JSON.stringify(text) : `'${text.replaceAll('\\', String.raw`\\`)}'`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(modulePath, renderMigrations())
