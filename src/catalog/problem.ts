// What is wrong with a configuration, and where. Owns how a path is written; knows no rule. Keys end up at the wrong place of
// a file, so whatever is quoted of it goes without what looks like one.
import { hideKeyLike } from '../redaction/shapes.ts'

/** One thing that is wrong (or, as a warning, only worth knowing). */
export interface Problem {
  /** Where, as `routes.internal-lite.targets[0].provider`; empty for the document as a whole. */
  readonly path: string
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
  /** Which file it is in, where that is not the configuration itself. */
  readonly source?: string
}

/** Member names and list positions, from the top of the document. */
export type Path = readonly (string | number)[]

/** Collects problems and warnings, so that one run names all of them. */
export interface Report {
  problem(path: Path, message: string, hint?: string): void
  warning(path: Path, message: string, hint?: string): void
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** An empty report. */
export function newReport(): Report {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  return {
    problem: (path, message, hint) => void problems.push(problemAt(path, message, hint)),
    warning: (path, message, hint) => void warnings.push(problemAt(path, message, hint)),
    problems,
    warnings,
  }
}

/** A problem at a path. */
export function problemAt(path: Path, message: string, hint?: string): Problem {
  const clean = { path: pathText(path), message: hideKeyLike(message) }
  return hint === undefined ? clean : { ...clean, hint: hideKeyLike(hint) }
}

/** A path as people write it: names that are no plain words are quoted. */
export function pathText(path: Path): string {
  let text = ''
  for (const written of path) {
    const step = typeof written === 'string' ? hideKeyLike(written) : written
    if (typeof step === 'number') text += `[${step}]`
    else if (!/^[\w$-]+$/.test(step)) text += `[${JSON.stringify(step)}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

/** One line for a log or a terminal: `source: path: message, hint`. */
export function problemText(problem: Problem): string {
  const where = [problem.source, problem.path].filter((part) => part !== undefined && part !== '')
  const what = problem.hint === undefined ? problem.message : `${problem.message}, ${problem.hint}`
  return [...where, what].join(': ')
}
