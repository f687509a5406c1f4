// What of an answer a client's wire cannot say, as losses: each once, as a stream repeats itself, and each at the place
// where the provider wrote it. A stream has places of a whole answer; its parts go by what they are.
import type { Citation, Extras } from '../../ir/content.ts'
import type { DialectId } from '../../ir/dialect-id.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Finish, IrResponse } from '../../ir/response.ts'
import type { Usage } from '../../ir/usage.ts'
import { answerPlaces, answerScopes, type AnswerPlaces } from './answer-places.ts'
import { clientPaths } from '../../ir/client-paths.ts'
import { extraPath } from './extra-losses.ts'

/** Members beside the parts of a stream, and what they belong to. */
export interface Around {
  readonly scope: 'response' | 'choice' | 'message'
  readonly choice: number
  readonly extras: Extras | undefined
}

export interface AnswerLosses {
  list(): readonly Loss[]
  drop(path: string, reason: string): void
  approximate(path: string, reason: string): void
  /** One loss per member that only the provider's wire has; they stand below `at`. */
  dropKeys(extras: Extras | undefined, at: string): void
  /** What a whole answer says beside its parts and its usage. */
  judgeAnswer(response: IrResponse): void
  /** What was counted and the client's wire does not count. */
  judgeUsage(usage: Usage | undefined): void
  /** What an end says beyond the words of the client's wire. */
  judgeFinish(finish: Finish | undefined, position: number): void
  /** What a stream says around its parts. */
  dropAround(around: Around): void
  /** One of several answers, where the client's wire has one. */
  dropAnswer(position: number): void
  /** A place of the answer; `position` counts the answers to one request. */
  place(name: keyof AnswerPlaces, position?: number): string
  /** Where a citation of a part stands; `at` is the part's place. */
  citationOf(citation: Citation, at?: string): string
  /** Where the signature of a part stands. */
  signatureOf(at?: string): string
}

export interface AnswerLossesOptions {
  /** The provider's wire. */
  readonly source: DialectId
  readonly client: DialectId
  /** It is the client's as well: only what is told in so many words is lost. */
  readonly own: boolean
}

const unknownField = 'the wire has no such field'
const noCounter = 'the wire has no such counter'

/** Why a citation is lost on a wire that shows links. */
export const unlinked = 'the wire only has citations of links'

/** No losses yet. */
export function createAnswerLosses({ source, client, own }: AnswerLossesOptions): AnswerLosses {
  const found = new Map<string, Loss>()
  const names = answerPlaces[source]
  const scope = answerScopes[client]
  const attributes = clientPaths({ source })

  function add(loss: Loss): void {
    const key = `${loss.action} ${loss.path}`
    if (!found.has(key)) found.set(key, loss)
  }

  function place(name: keyof AnswerPlaces, position = 0): string {
    return names[name].replace('#', String(position))
  }

  function dropKeys(extras: Extras | undefined, at: string): void {
    if (own || extras === undefined) return
    for (const key of Object.keys(extras))
      add({ path: extraPath(extras, key, at), action: 'dropped', reason: unknownField })
  }

  function dropAnswer(position: number): void {
    // A wire with one answer cannot have said another.
    const path = place('output', position) || `output[${position}]`
    add({ path, action: 'dropped', reason: 'the wire has one answer' })
  }

  function judgeFinish(finish: Finish | undefined, position: number): void {
    if (own || finish === undefined) return
    if (finish.stopSequence !== undefined && scope.stopSequence !== true)
      add({
        path: place('stopSequence', position),
        action: 'dropped',
        reason: 'the wire does not say which sequence was met',
      })
    if (finish.class === 'pause' && scope.pause !== true)
      add({ path: place('finish', position), action: 'approximated', reason: 'the wire has no paused answers' })
    // What was said of an end stands where the end does.
    dropKeys(finish.extras, place('output', position))
  }

  function judgeUsage(usage: Usage | undefined): void {
    if (own || usage === undefined) return
    const at = place('usage')
    const { cacheWrite = 0, cacheWrite1h = 0, reasoning = 0 } = usage
    if (reasoning > 0 && scope.reasoningTokens !== true)
      add({ path: `${at}.${names.reasoningTokens}`, action: 'dropped', reason: noCounter })
    if (cacheWrite + cacheWrite1h > 0 && scope.cacheWrites === undefined)
      add({ path: `${at}.${names.cacheWrites}`, action: 'dropped', reason: noCounter })
    if (cacheWrite1h > 0 && scope.cacheWrites === 'in-total')
      add({ path: `${at}.${names.lastingCacheWrites}`, action: 'approximated', reason: 'counted without its lifetime' })
    dropKeys(usage.extras, at)
  }

  return {
    list: () => [...found.values()],
    drop: (path, reason) => add({ path, action: 'dropped', reason }),
    approximate: (path, reason) => add({ path, action: 'approximated', reason }),
    dropKeys,
    judgeAnswer({ extras, outputs }) {
      if (own) return
      dropKeys(extras, '')
      for (const [position, output] of outputs.entries()) {
        if (output.index !== 0 && scope.severalAnswers !== true) {
          dropAnswer(position)
          continue
        }
        dropKeys(output.extras, place('output', position))
        dropKeys(output.messageExtras, place('message', position))
        judgeFinish(output.finish, position)
      }
    },
    judgeUsage,
    judgeFinish,
    dropAround({ scope, choice, extras }) {
      dropKeys(extras, scope === 'response' ? '' : place(scope === 'choice' ? 'output' : scope, choice))
    },
    dropAnswer,
    place,
    citationOf: (citation, at) => citation.at ?? below(at, attributes.citations),
    signatureOf: (at) => below(at, attributes.signature),
  }
}

function below(at: string | undefined, name: string): string {
  return at === undefined ? name : `${at}.${name}`
}
