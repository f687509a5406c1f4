// What a race has to come to, worked out on paper: one list of moments, no promises, nothing of the engine.
import type { ProviderName } from './attempts-gateway.ts'

export interface Horse {
  readonly name: ProviderName
  /** How long it takes, and what it says then; `fails`: somebody else may answer, `refuses`: nobody else would. */
  readonly ms: number
  readonly says: 'answers' | 'fails' | 'refuses' | 'nothing'
}

export interface Course {
  /** In the order of the decision. */
  readonly horses: readonly Horse[]
  readonly delayMs: number
  readonly maxParallel: number
  readonly maxAttempts: number
  /** How many hedges the budget holds. */
  readonly budget: number
  /** When the client leaves; null: it stays. */
  readonly leavesAt: number | null
  /** When the request's own time is over. */
  readonly deadline: number
}

export interface Result {
  readonly started: readonly (readonly [ProviderName, number])[]
  /** Those that were under way when it was over. */
  readonly calledOff: readonly ProviderName[]
  readonly hedges: readonly ProviderName[]
  readonly most: number
  readonly over: number
  /** Whose answer or refusal the client has; the others are the client's own leaving, the clock, and nobody. */
  readonly by: ProviderName | 'client' | 'clock' | 'nobody'
}

/** Works the course out, moment by moment. */
export function runCourse(course: Course): Result {
  const { horses, delayMs, maxParallel, maxAttempts } = course
  const field = horses.slice(0, maxAttempts)
  const started: { readonly horse: Horse; readonly at: number; readonly until: number; isBack: boolean }[] = []
  const hedges: ProviderName[] = []
  let budget = course.budget
  let hasGivenUp = false
  let most = 0
  const out = () => started.filter(({ isBack }) => !isBack)

  function send(at: number): void {
    const horse = field[started.length]
    if (horse === undefined) return
    started.push({ horse, at, until: horse.says === 'nothing' ? Infinity : at + horse.ms, isBack: false })
    hasGivenUp = false
    most = Math.max(most, out().length)
  }

  function resultOf(over: number, by: Result['by']): Result {
    return {
      started: started.map(({ horse, at }) => [horse.name, at]),
      calledOff: out()
        .filter(({ horse }) => horse.name !== by)
        .map(({ horse }) => horse.name),
      hedges,
      most,
      over,
      by,
    }
  }

  send(0)
  for (;;) {
    const first = out().reduce((one, other) => (other.until < one.until ? other : one))
    const lastStart = started.at(-1)?.at ?? 0
    const mayHedge = !hasGivenUp && started.length < field.length && out().length < maxParallel
    const hedgeAt = mayHedge ? Math.max(started.length * delayMs, lastStart + delayMs) : Infinity
    const end = Math.min(course.leavesAt ?? Infinity, course.deadline)
    if (end < first.until && end < hedgeAt) return resultOf(end, end === course.deadline ? 'clock' : 'client')
    if (hedgeAt < first.until) {
      if (budget > 0) {
        budget--
        hedges.push(field[started.length]?.name as ProviderName)
        send(hedgeAt)
      } else hasGivenUp = true
      continue
    }
    if (first.horse.says !== 'fails') return resultOf(first.until, first.horse.name)
    first.isBack = true
    send(first.until)
    if (out().length === 0) return resultOf(first.until, 'nobody')
  }
}
