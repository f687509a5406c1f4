// Arguments that come in pieces, each with the path it belongs to (Vertex, `streamFunctionCallArguments`). Owns putting
// them together; they are told whole, as JSON in the making cannot be.
// https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc
import { isObject } from '../../wire/json-parse.ts'
import type { Members } from './extras.ts'
import { camelRecord } from './names.ts'

export interface PartialArgs {
  /** Takes an entry of `partialArgs`. */
  add(entry: unknown): void
  /** Whether a text has begun that did not end. */
  readonly cut: boolean
  /** The arguments so far. */
  value(): Members
}

/** No arguments yet, or the ones that the opening brought. */
export function createPartialArgs(opening: unknown): PartialArgs {
  const root: Record<string, unknown> = isObject(opening) ? structuredClone(opening) : {}
  // Texts grow fragment by fragment and are joined once.
  const texts = new Map<string, string[]>()
  const unfinished = new Set<string>()

  function addText(path: string, text: string): void {
    const known = texts.get(path)
    if (known === undefined) texts.set(path, [text])
    else known.push(text)
  }

  return {
    add(value) {
      const entry = camelRecord(value)
      const path = typeof entry['jsonPath'] === 'string' ? entry['jsonPath'] : '$'
      if (typeof entry['stringValue'] === 'string') addText(path, entry['stringValue'])
      else if (!texts.has(path)) {
        const plain = plainValue(entry)
        if (plain !== undefined) place(root, stepsOf(path), plain)
      }
      if (entry['willContinue'] === true) unfinished.add(path)
      else unfinished.delete(path)
    },
    get cut() {
      return unfinished.size > 0
    },
    value() {
      for (const [path, fragments] of texts) place(root, stepsOf(path), fragments.join(''))
      return root
    },
  }
}

function plainValue(entry: Members): unknown {
  if ('nullValue' in entry) return null
  return entry['numberValue'] ?? entry['boolValue']
}

type Step = string | number

/** The steps of a path such as `$.stops[0].city` or `$['a b']`. */
function stepsOf(path: string): Step[] {
  return [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\[(["'])(.*?)\3\]/g)].map(
    ([, name, index, , quoted]) => name ?? (index === undefined ? (quoted ?? '') : Number(index)),
  )
}

/** Far beyond any argument list, and small enough that a path cannot ask for a huge one. */
const maxIndex = 10_000

function place(root: Record<string, unknown>, steps: readonly Step[], value: unknown): void {
  let holder: unknown = root
  for (const [at, step] of steps.entries()) {
    const next = steps[at + 1]
    const fresh: unknown = next === undefined ? value : typeof next === 'number' ? [] : {}
    const reached = reach(holder, step, fresh, next === undefined)
    if (reached === undefined) return
    holder = reached
  }
}

/** The member under a step, made where there is none yet; undefined where the path does not fit the holder. */
function reach(holder: unknown, step: Step, fresh: unknown, overwrite: boolean): unknown {
  if (Array.isArray(holder) && typeof step === 'number') {
    if (step > maxIndex) return undefined
    const list = holder as unknown[]
    while (list.length < step) list.push(null)
    if (overwrite || typeof list[step] !== 'object' || list[step] === null) list[step] = fresh
    return list[step]
  }
  if (!isObject(holder)) return undefined
  const key = String(step)
  if (overwrite || typeof holder[key] !== 'object' || !Object.hasOwn(holder, key))
    // A member may be called __proto__.
    Object.defineProperty(holder, key, { value: fresh, enumerable: true, configurable: true, writable: true })
  return holder[key]
}
