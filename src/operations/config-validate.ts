// `config validate`: everything that is wrong with a configuration, without using it.
import { z } from 'zod'
import { compileConfig } from '../catalog/compile.ts'
import { parseConfig } from '../catalog/parse-config.ts'
import type { Problem } from '../catalog/problem.ts'
import { defineOperation } from './operation.ts'

const problemSchema = z.strictObject({
  path: z.string().describe('Where, as routes.fast.targets[0].provider; empty for the document as a whole'),
  message: z.string(),
  hint: z.string().optional().describe('What to do about it'),
  source: z.string().optional().describe('The file, where it is another one'),
})

const verdictSchema = z.strictObject({
  valid: z.boolean(),
  revision: z.string().nullable().describe('What a gateway would call this configuration'),
  problems: z.array(problemSchema),
  warnings: z.array(problemSchema),
})

export const configValidate = defineOperation({
  verb: 'config validate',
  tier: 'read',
  summary: 'Check a configuration: every problem and warning at once, nothing is applied.',
  examples: ['config validate gateway.jsonc', 'config validate gateway.jsonc --json'],
  scope: 'nowhere',
  positional: ['document'],
  input: z.strictObject({
    document: z.string().describe('The configuration as JSON with comments'),
  }),
  output: verdictSchema,
  run: async (_context, { document }) => {
    const parsed = parseConfig(document)
    if (!parsed.ok) return verdict({ problems: parsed.problems, warnings: [] })
    const compiled = compileConfig({ document: parsed.value })
    return compiled.ok
      ? verdict({ revision: compiled.snapshot.revision, problems: [], warnings: compiled.warnings })
      : verdict(compiled)
  },
})

/** The answer about a configuration that was compiled or refused, here or by a surface that reads files itself. */
export function verdict(found: {
  readonly revision?: string
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}): z.output<typeof verdictSchema> {
  return {
    valid: found.problems.length === 0,
    revision: found.revision ?? null,
    problems: found.problems.map((problem) => ({ ...problem })),
    warnings: found.warnings.map((problem) => ({ ...problem })),
  }
}
