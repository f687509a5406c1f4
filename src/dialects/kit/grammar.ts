// The frame around a wire's grammar: the first broken rule is the verdict, and after the last word nothing is legal.
// Owns no rule of any wire.
import type { Frame } from '../../wire/frame.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamGrammar, Violation } from '../dialect.ts'

/** What a legal frame is to its stream: one among others, the last word of an answer, or that of a failure. */
export type FrameRole = 'inner' | 'end' | 'error'

/** The rules of one wire. Is asked for a frame only while the stream is open. */
export interface GrammarRules {
  step(frame: Frame): FrameRole | Violation
  /** What a stream lacks that ends here without a last word; absent where such a stream is always unfinished. */
  finish?(): Violation | undefined
}

/** Notes what is legal and still worth telling. */
export type Flag = (rule: string, detail: string) => void

/** A grammar from the rules of a wire. */
export function createGrammar(rulesOf: (flag: Flag) => GrammarRules): StreamGrammar {
  const flags: Violation[] = []
  const rules = rulesOf((rule, detail) => flags.push(violation(rule, detail)))
  let role: FrameRole = 'inner'
  let broken = false

  function judge(verdict: Violation | undefined): Violation | undefined {
    broken ||= verdict !== undefined
    return verdict
  }

  return {
    step(frame) {
      if (broken) return undefined
      if (role !== 'inner') return judge(violation('frame-after-end', 'a frame follows the last word of the stream'))
      const verdict = rules.step(frame)
      if (typeof verdict !== 'string') return judge(verdict)
      role = verdict
      return undefined
    },
    finish() {
      if (broken || role !== 'inner') return undefined
      return judge(rules.finish ? rules.finish() : violation('unfinished', 'the stream ends without its terminal'))
    },
    lastWord: () => (role === 'inner' ? undefined : role),
    flags: () => flags,
  }
}

/** A broken rule, or a flag. `detail` says where and how, and quotes nothing of the answer. */
export function violation(rule: string, detail: string): Violation {
  return { rule, detail }
}

/** The object that a frame carries: its value where the writer left it there, else parsed; undefined where it is none. */
export function objectIn(frame: Frame): Readonly<Record<string, unknown>> | undefined {
  const value = frame.value ?? parseJson(frame.data)
  return isObject(value) ? value : undefined
}

/**
 * Flags the collected arguments of a call that are not JSON: what a cut-off answer may have, and nothing else should.
 * Empty text is none either: a wire where it means no arguments asks only about a call that has some.
 */
export function flagInput(pieces: readonly string[], at: string, flag: Flag): void {
  if (parseJson(pieces.join('')) === undefined) flag('tool-input-not-json', `${at}: the arguments are not JSON`)
}
