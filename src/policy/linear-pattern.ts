// Regular expressions that take no longer than the length of the text times their own: all ways to match are followed at
// once, and none is tried again. https://swtch.com/~rsc/regexp/regexp2.html
// What cannot be done that way (looking around, looking back) is left out.

export interface LinearPattern {
  /** Whether it is found anywhere in a text, in any case of letters. */
  test(text: string): boolean
}

type Step =
  | { readonly type: 'one'; readonly is: (character: string) => boolean }
  | { readonly type: 'split'; readonly to: readonly number[] }
  | { readonly type: 'start' | 'end' | 'found' }

type Node =
  | { readonly type: 'one'; readonly is: (character: string) => boolean }
  | { readonly type: 'start' | 'end' }
  | { readonly type: 'all' | 'any'; readonly nodes: readonly Node[] }
  | { readonly type: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }

/** A text of a thousand characters takes some hundredths of a second at the very most. */
const maxSteps = 500
const tokens = /\\[^]|\[\^?(?:\\[^]|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<\w+>|[^]))?|[*+?]\??|\{\d+(?:,\d*)?\}\??|[^]/g

/** The pattern, or what is wrong with it, for people. */
export function linearPattern(source: string): LinearPattern | string {
  if (!isExpression(source)) return 'is not a regular expression'
  const read = source.match(tokens) ?? []
  const stranger = read.find((token) => /^\(\?(?!:|<\w+>)|^\\[1-9kbBpPuxc]/.test(token))
  if (stranger !== undefined) return `uses ${stranger}, which is not available here`
  const steps: Step[] = []
  if (!emit(parse(read), steps)) return 'repeats too much'
  steps.push({ type: 'found' })
  return { test: (text) => run(steps, text) }
}

function isExpression(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp
  } catch {
    return false
  }
}

function parse(read: readonly string[]): Node {
  let at = 0
  function alternatives(): Node {
    const nodes = [sequence()]
    while (read[at] === '|') {
      at++
      nodes.push(sequence())
    }
    return { type: 'any', nodes }
  }
  function sequence(): Node {
    const nodes: Node[] = []
    for (let token = read[at]; token !== undefined && token !== '|' && token !== ')'; token = read[at]) {
      at++
      const last = nodes.at(-1)
      const counts = countsOf(token)
      if (counts !== undefined && last !== undefined)
        nodes[nodes.length - 1] = { type: 'repeat', node: last, ...counts }
      else nodes.push(token.startsWith('(') ? group() : single(token))
    }
    return { type: 'all', nodes }
  }
  function group(): Node {
    const inner = alternatives()
    at++
    return inner
  }
  return alternatives()
}

function countsOf(token: string): { min: number; max: number } | undefined {
  const [, min, comma, max] = /^\{(\d+)(,?)(\d*)\}/.exec(token) ?? []
  if (min !== undefined)
    return { min: Number(min), max: comma === '' ? Number(min) : max === '' ? Infinity : Number(max) }
  if (token.startsWith('*')) return { min: 0, max: Infinity }
  if (token.startsWith('+')) return { min: 1, max: Infinity }
  return token.startsWith('?') ? { min: 0, max: 1 } : undefined
}

function single(token: string): Node {
  if (token === '^') return { type: 'start' }
  if (token === '$') return { type: 'end' }
  if (token.length === 1 && token !== '.') {
    const wanted = token.toLowerCase()
    return { type: 'one', is: (character) => character.toLowerCase() === wanted }
  }
  // One character at a time, so that the runtime's own expressions have nothing to go back over.
  const expression = new RegExp(`^${token}$`, 'is')
  return { type: 'one', is: (character) => expression.test(character) }
}

/** Adds the steps of a node; false where they are too many. */
function emit(node: Node, steps: Step[]): boolean {
  if (steps.length > maxSteps) return false
  switch (node.type) {
    case 'one':
    case 'start':
    case 'end':
      steps.push(node)
      return true
    case 'all':
      return node.nodes.every((part) => emit(part, steps))
    case 'any':
      return emitAny(node.nodes, steps)
    case 'repeat':
      return emitRepeat(node, steps)
  }
}

function emitAny(nodes: readonly Node[], steps: Step[]): boolean {
  const ends: number[] = []
  for (const [index, node] of nodes.entries()) {
    const isLast = index === nodes.length - 1
    const fork = steps.length
    if (!isLast) steps.push({ type: 'split', to: [] })
    if (!emit(node, steps)) return false
    if (isLast) break
    ends.push(steps.length)
    steps.push({ type: 'split', to: [] })
    steps[fork] = { type: 'split', to: [fork + 1, steps.length] }
  }
  for (const end of ends) steps[end] = { type: 'split', to: [steps.length] }
  return true
}

function emitRepeat({ node, min, max }: Node & { type: 'repeat' }, steps: Step[]): boolean {
  for (let n = 0; n < min; n++) {
    const before = steps.length
    if (!emit(node, steps)) return false
    // Nothing, however often.
    if (steps.length === before) break
  }
  if (max === Infinity) {
    const fork = steps.length
    steps.push({ type: 'split', to: [] })
    if (!emit(node, steps)) return false
    steps.push({ type: 'split', to: [fork] })
    steps[fork] = { type: 'split', to: [fork + 1, steps.length] }
    return true
  }
  const forks: number[] = []
  for (let n = min; n < max; n++) {
    forks.push(steps.length)
    steps.push({ type: 'split', to: [] })
    if (!emit(node, steps)) return false
  }
  for (const fork of forks) steps[fork] = { type: 'split', to: [fork + 1, steps.length] }
  return true
}

function run(steps: readonly Step[], text: string): boolean {
  let current = new Set<number>()
  for (let at = 0; at <= text.length; at++) {
    // A match may begin anywhere.
    if (reach(steps, 0, { at, length: text.length }, current)) return true
    if (at === text.length) return false
    const next = new Set<number>()
    const character = text.charAt(at)
    for (const index of current) {
      const step = steps[index]
      if (step?.type !== 'one' || !step.is(character)) continue
      if (reach(steps, index + 1, { at: at + 1, length: text.length }, next)) return true
    }
    current = next
  }
  return false
}

/** Adds the steps that are reached without a further character; whether the end of the pattern is among them. */
function reach(
  steps: readonly Step[],
  from: number,
  place: { readonly at: number; readonly length: number },
  reached: Set<number>,
): boolean {
  const todo = [from]
  for (let index = todo.pop(); index !== undefined; index = todo.pop()) {
    if (reached.has(index)) continue
    reached.add(index)
    const step = steps[index]
    if (step === undefined || step.type === 'one') continue
    if (step.type === 'found') return true
    if (step.type === 'split') todo.push(...step.to)
    else if (step.type === 'start' ? place.at === 0 : place.at === place.length) todo.push(index + 1)
  }
  return false
}
