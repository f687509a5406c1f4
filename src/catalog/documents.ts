// One configuration out of up to three documents: the configuration itself, `catalog.json`, `secrets.json`.
// A section has one home; the same one in two files is an error, because neither could be trusted to win.
import { didYouMean } from './hints.ts'
import { isRecord } from './json.ts'
import { newReport, type Problem } from './problem.ts'
import { catalogSchema, catalogSectionNames, configSchema, secretsSchema, type Config } from './schema.ts'
import { readStructure } from './structure.ts'

export interface Documents {
  /** The configuration, parsed. */
  readonly document: unknown
  /** `catalog.json`, parsed: providers, models and routes. */
  readonly catalog?: unknown
  /** `secrets.json`, parsed. */
  readonly secrets?: unknown
}

/** Values that come before the environment variables of the same name. No serialiser sees them. */
export interface SecretOverrides {
  get(name: string): string | undefined
  names(): Iterable<string>
}

export interface ReadDocuments {
  readonly problems: readonly Problem[]
  /** What could be read, with defaults; undefined where too little could. */
  readonly config: Config | undefined
  readonly repaired: readonly string[]
  readonly secrets: SecretOverrides
  /** Names the file that a problem of the merged configuration is in. */
  readonly locate: (problem: Problem) => Problem
}

const catalogFile = 'catalog.json'
const secretsFile = 'secrets.json'

/** Merges the documents and reads their structure. */
export function readDocuments(documents: Documents): ReadDocuments {
  const { problems: merging, merged, inCatalog } = merge(documents)
  const locate = (problem: Problem): Problem =>
    inCatalog.some((section) => /^\w+/.exec(problem.path)?.[0] === section)
      ? { ...problem, source: catalogFile }
      : problem
  const structure = readStructure(configSchema(), merged)
  const secrets = readSecrets(documents.secrets)
  return {
    problems: [...merging, ...structure.problems.map(locate), ...secrets.problems],
    config: structure.value,
    repaired: structure.repaired,
    secrets: secrets.overrides,
    locate,
  }
}

interface Merged {
  readonly problems: readonly Problem[]
  readonly merged: unknown
  /** The sections that `catalog.json` brought. */
  readonly inCatalog: readonly string[]
}

function merge({ document, catalog }: Documents): Merged {
  if (catalog === undefined || !isRecord(document)) return { problems: [], merged: document, inCatalog: [] }
  const report = newReport()
  if (!isRecord(catalog)) {
    report.problem([], 'expected an object')
    return { problems: inFile(report.problems, catalogFile), merged: document, inCatalog: [] }
  }
  const sections: readonly string[] = catalogSectionNames
  const known = Object.keys(catalogSchema().shape)
  for (const [key, value] of Object.entries(catalog)) {
    if (sections.includes(key) && Object.hasOwn(document, key))
      report.problem([key], 'is in the configuration as well', 'keep one')
    else if (!known.includes(key)) report.problem([key], 'unknown key', strangerHint(key, known))
    else if (key === 'catalog_version' && value !== 1) report.problem([key], 'expected 1')
  }
  const inCatalog = sections.filter((key) => Object.hasOwn(catalog, key) && !Object.hasOwn(document, key))
  const merged = { ...document, ...Object.fromEntries(inCatalog.map((key) => [key, catalog[key]])) }
  return { problems: inFile(report.problems, catalogFile), merged, inCatalog }
}

function strangerHint(key: string, known: readonly string[]): string | undefined {
  return Object.hasOwn(configSchema().shape, key) ? 'it belongs in the configuration file' : didYouMean(key, known)
}

function readSecrets(document: unknown): {
  readonly problems: readonly Problem[]
  readonly overrides: SecretOverrides
} {
  if (document === undefined) return { problems: [], overrides: { get: () => undefined, names: () => [] } }
  const structure = readStructure(secretsSchema(), document)
  const values = new Map(Object.entries(structure.value?.api_key_overrides ?? {}))
  const overrides = { get: (name: string) => values.get(name), names: () => values.keys() }
  return { problems: inFile(structure.problems, secretsFile), overrides }
}

function inFile(problems: readonly Problem[], source: string): Problem[] {
  return problems.map((problem) => ({ ...problem, source }))
}
