// Changes to the text of a configuration: comments, order and habits of its writer are kept. Pure; whoever has the text
// writes it back. What comes out is valid JSONC; whether it is a valid configuration is for the compiler to say.
import { findNodeAtLocation, parseTree, type Node } from 'jsonc-parser'
import { depthAt, formatted, styleOf } from './edit-format.ts'
import { parseConfig } from './parse-config.ts'
import { insertion, isOneLine, removal, spliced, type Member, type Splice } from './edit-splices.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import { pathText, problemText, type Path, type Problem } from './problem.ts'

/** One change: a value at a path, or none (undefined). */
export interface TextChange {
  readonly path: Path
  readonly value: unknown
  /** What happens to a value that is there already; absent: it is replaced. `fill` adds the members that it lacks. */
  readonly existing?: 'replace' | 'fill' | 'refuse'
}

export type EditedText =
  /** `changed`: the paths where something really changed. */
  | { readonly ok: true; readonly text: string; readonly changed: readonly Path[] }
  /** There is a value already at a path that was to be new. */
  | { readonly ok: false; readonly reason: 'exists' | 'no_place'; readonly path: string }

const byteOrderMark = '\uFEFF'

/**
 * Applies the changes in order, all or none. `text` has to be JSONC that parses.
 * Fails with `exists` for a change that refuses to replace, `no_place` where a path leads through something else than
 * objects and lists.
 */
export function editText(text: string, changes: readonly TextChange[]): EditedText {
  const mark = text.startsWith(byteOrderMark) ? byteOrderMark : ''
  let current = text.slice(mark.length)
  const changed: Path[] = []
  let rest = changes
  while (rest.length > 0) {
    const round = applyRound(current, rest)
    if (!round.ok) return round
    changed.push(...round.changed)
    current = round.text
    rest = rest.slice(round.taken)
  }
  return { ok: true, text: mark + current, changed }
}

/**
 * The same as an outcome: `conflict` for what is there already, `invalid_value` for what cannot be there and for text
 * that does not parse.
 */
export function editConfig(text: string, changes: readonly TextChange[]): Outcome<EditedText & { readonly ok: true }> {
  const parsed = parseConfig(text)
  if (!parsed.ok) return editRefused(parsed.problems)
  const edited = editText(text, changes)
  if (edited.ok) return ok(edited)
  return edited.reason === 'exists'
    ? failed('conflict', { message: `${edited.path} is there already` })
    : failed('invalid_value', { message: `${edited.path}: what is there is no object` })
}

/** What an edit fails with that nobody could start a gateway with; every problem is in its message. */
export function editRefused(problems: readonly Problem[]): Outcome<never> {
  return failed('invalid_value', { message: problems.map(problemText).join('; ') })
}

type Refused = EditedText & { readonly ok: false }

type Round =
  | { readonly ok: true; readonly text: string; readonly taken: number; readonly changed: readonly Path[] }
  | Refused

/**
 * As many of the first changes as can be made to one tree: several new members of one object are one splice, which
 * keeps thousands of them linear. Stops before a change that depends on what another one of the round has done.
 */
function applyRound(text: string, changes: readonly TextChange[]): Round {
  const tree = parseTree(text, [], { allowTrailingComma: true })
  if (tree === undefined) return { ok: false, reason: 'no_place', path: '' }
  const draft = createDraft(text)
  const changed: Path[] = []
  let taken = 0
  for (const change of changes) {
    const node = findNodeAtLocation(tree, [...change.path])
    if (node !== undefined && change.existing === 'refuse')
      return draft.overlaps(change.path) ? finish() : { ok: false, reason: 'exists', path: pathText(change.path) }
    const outcome = draft.overlaps(change.path) ? 'later' : applyOne(draft, { tree, node, change })
    if (outcome === 'later') return finish()
    if ('reason' in outcome) return outcome
    changed.push(...outcome)
    taken++
  }
  return finish()

  function finish(): Round {
    return { ok: true, text: draft.text(), taken, changed }
  }
}

interface Place {
  readonly tree: Node
  readonly node: Node | undefined
  readonly change: TextChange
}

/** The paths that the change really changes; `later` where it has to wait for another round. */
function applyOne(draft: Draft, { tree, node, change }: Place): readonly Path[] | 'later' | Refused {
  const { path, value, existing } = change
  if (node === undefined) {
    if (value === undefined) return []
    const place = placeFor(tree, change)
    if (place === undefined) return { ok: false, reason: 'no_place', path: pathText(path) }
    return draft.add(place.parent, [place.member], place.path) ? [path] : 'later'
  }
  if (existing === 'fill') {
    const lacking = lackingMembers(node, value)
    if (lacking.length === 0) return []
    return draft.add(node, lacking, path) ? lacking.map(({ key }) => [...path, key]) : 'later'
  }
  if (sameValue(plain(node), value)) return []
  return (value === undefined ? draft.remove(node, path) : draft.replace(node, value, path)) ? [path] : 'later'
}

interface Draft {
  /** Whether a path lies above, below or at one that was changed. */
  overlaps(path: Path): boolean
  /** Each of these returns false, and does nothing, where it would come into the way of what was done before. */
  add(parent: Node, members: readonly Member[], at: Path): boolean
  replace(node: Node, value: unknown, at: Path): boolean
  remove(node: Node, at: Path): boolean
  text(): string
}

/** The edits of one round, none of which may overlap another one. */
function createDraft(text: string): Draft {
  const style = styleOf(text)
  const splices: Splice[] = []
  const added = new Map<Node, Member[]>()
  const touched = createTouched()
  // Nothing else may change within one of these: it may be written anew as a whole.
  const closed: Node[] = []
  let isOver = false
  const isClosed = (node: Node): boolean => closed.some((other) => other !== node && contains(other, node))
  const isBusy = (node: Node): boolean =>
    splices.some((splice) => contains(node, splice)) || [...added.keys()].some((other) => contains(node, other))

  return {
    overlaps: (path) => isOver || touched.overlaps(path),
    add(parent, members, at) {
      const known = added.get(parent)
      if (isClosed(parent)) return false
      if (known === undefined && isOneLine(text, parent)) {
        if (isBusy(parent)) return false
        closed.push(parent)
      }
      if (known === undefined) added.set(parent, [...members])
      else known.push(...members)
      touched.add(at)
      return true
    },
    replace(node, value, at) {
      if (isClosed(node) || closed.includes(node)) return false
      const { offset, length } = node
      splices.push({ offset, length, text: formatted(value, depthAt(text, offset, style), style) })
      touched.add(at)
      return true
    },
    // The commas of its neighbours are at stake, so it has a round of its own.
    remove(node, at) {
      if (splices.length + added.size > 0) return false
      splices.push(...removal(text, node))
      isOver = true
      touched.add(at)
      return true
    },
    text() {
      const insertions = [...added].flatMap(([parent, members]) => insertion(text, parent, members, style))
      return spliced(text, [...splices, ...insertions])
    },
  }
}

function contains(outer: Pick<Node, 'offset' | 'length'>, inner: Pick<Node, 'offset' | 'length'>): boolean {
  return outer.offset <= inner.offset && inner.offset + inner.length <= outer.offset + outer.length
}

/** The nearest container that is there, and what has to be put into it. */
function placeFor(
  tree: Node,
  { path, value }: TextChange,
): { readonly parent: Node; readonly path: Path; readonly member: Member } | undefined {
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const parent = findNodeAtLocation(tree, path.slice(0, depth))
    if (parent === undefined) continue
    const step = path[depth]
    const missing = path.slice(depth + 1)
    // Nothing is known of how long a list should be that is not there.
    if (step === undefined || missing.some((key) => typeof key === 'number')) return undefined
    const inner = missing.toReversed().reduce<unknown>((made, key) => ({ [key]: made }), value)
    const at = path.slice(0, depth + 1)
    if (parent.type === 'object' && typeof step === 'string')
      return { parent, path: at, member: { key: step, value: inner } }
    // A list only grows at its end.
    const isEnd = parent.type === 'array' && step === (parent.children?.length ?? 0)
    return isEnd ? { parent, path: at, member: { key: undefined, value: inner } } : undefined
  }
  return undefined
}

function lackingMembers(node: Node, value: unknown): readonly (Member & { readonly key: string })[] {
  if (node.type !== 'object' || typeof value !== 'object' || value === null) return []
  const present = new Set((node.children ?? []).map((property) => String(property.children?.[0]?.value)))
  return Object.entries(value)
    .filter(([key]) => !present.has(key))
    .map(([key, member]) => ({ key, value: member }))
}

/** Paths that were changed; tells whether another one is above, below or the same. */
function createTouched() {
  const paths = new Set<string>()
  const above = new Set<string>()
  const prefixes = (path: Path): string[] => path.map((_, at) => JSON.stringify(path.slice(0, at + 1)))
  return {
    add(path: Path): void {
      const all = prefixes(path)
      for (const prefix of all) above.add(prefix)
      paths.add(all.at(-1) ?? '[]')
    },
    overlaps: (path: Path): boolean =>
      prefixes(path).some((prefix) => paths.has(prefix)) || above.has(JSON.stringify(path)),
  }
}

function sameValue(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

function plain(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(plain)
  if (node.type !== 'object') return node.value as unknown
  const members = (node.children ?? []).map((property): [string, unknown] => {
    const [key, value] = property.children ?? []
    return [String(key?.value), value && plain(value)]
  })
  return Object.fromEntries(members)
}
