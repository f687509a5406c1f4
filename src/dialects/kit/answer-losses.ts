// What of an answer a client's wire cannot say, as losses: each once, as a stream repeats itself, and each at the place
// where the provider wrote it. A stream has places of a whole answer; its parts go by what they are. Owns what every
// wire calls the members of its answers.
import type { Citation, Extras } from '../../ir/content.ts'
import type { DialectId } from '../../ir/dialect-id.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Finish, IrResponse } from '../../ir/response.ts'
import { clientPaths } from './client-paths.ts'
import { extraPath } from './extra-losses.ts'

/** Where an answer of one wire has what any answer may have; `#` is the position among several answers. */
interface AnswerPlaces {
  /** One of its answers, with how that ended; `''` where the answer has no such record. */
  readonly output: string
  readonly message: string
  readonly finish: string
  readonly stopSequence: string
  readonly usage: string
  /** Below `usage`. */
  readonly reasoningTokens: string
}

const choices: AnswerPlaces = {
  output: 'choices[#]',
  message: 'choices[#].message',
  finish: 'choices[#].finish_reason',
  stopSequence: 'choices[#].stop_reason',
  usage: 'usage',
  reasoningTokens: 'completion_tokens_details.reasoning_tokens',
}

const places: Readonly<Record<DialectId, AnswerPlaces>> = {
  'openai-chat': choices,
  'openai-completions': choices,
  'openai-embeddings': choices,
  'openai-responses': {
    output: '',
    message: '',
    finish: 'status',
    stopSequence: 'status',
    usage: 'usage',
    reasoningTokens: 'output_tokens_details.reasoning_tokens',
  },
  'anthropic-messages': {
    output: '',
    message: '',
    finish: 'stop_reason',
    stopSequence: 'stop_sequence',
    usage: 'usage',
    reasoningTokens: 'output_tokens_details.thinking_tokens',
  },
  gemini: {
    output: 'candidates[#]',
    message: 'candidates[#].content',
    finish: 'candidates[#].finishReason',
    stopSequence: 'candidates[#].finishReason',
    usage: 'usageMetadata',
    reasoningTokens: 'thoughtsTokenCount',
  },
  'bedrock-converse': {
    output: '',
    message: 'output.message',
    finish: 'stopReason',
    stopSequence: 'additionalModelResponseFields.stop_sequence',
    usage: 'usage',
    reasoningTokens: 'outputTokens',
  },
}

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
  /** It is the client's as well: only what is told in so many words is lost. */
  readonly own: boolean
  /** What the client's wire can say: an end beside why it came, and more than one answer. */
  readonly says?: { readonly stopSequence?: true; readonly pause?: true; readonly severalAnswers?: true }
}

const unknownField = 'the wire has no such field'

/** Why a citation is lost on a wire that shows links. */
export const unlinked = 'the wire only has citations of links'

/** No losses yet. */
export function createAnswerLosses({ source, own, says = {} }: AnswerLossesOptions): AnswerLosses {
  const found = new Map<string, Loss>()
  const names = places[source]
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
    if (finish.stopSequence !== undefined && says.stopSequence !== true)
      add({
        path: place('stopSequence', position),
        action: 'dropped',
        reason: 'the wire does not say which sequence was met',
      })
    if (finish.class === 'pause' && says.pause !== true)
      add({ path: place('finish', position), action: 'approximated', reason: 'the wire has no paused answers' })
    // What was said of an end stands where the end does.
    dropKeys(finish.extras, place('output', position))
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
        if (output.index !== 0 && says.severalAnswers !== true) {
          dropAnswer(position)
          continue
        }
        dropKeys(output.extras, place('output', position))
        dropKeys(output.messageExtras, place('message', position))
        judgeFinish(output.finish, position)
      }
    },
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
