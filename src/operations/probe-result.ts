// One made-up request, sent and judged: an answer counts where it can be read, says something, and has its usage.
import type { ProviderRecord } from '../catalog/snapshot.ts'
import type { AnswerReading } from '../engine/probe-answer.ts'
import { errorCodes } from '../ir/error.ts'
import { isObject, parseJson } from '../wire/json-parse.ts'
import { nextStep } from './next-step.ts'
import type { Inference, Inferred, OperationContext, UpstreamProbe } from './operation.ts'

export interface ProbeResult {
  readonly ok: boolean
  /** Our error code, or what is wrong with the answer. */
  readonly code: string | null
  readonly message: string
  readonly next: string | null
  readonly inferred: Inferred
  readonly answer: AnswerReading | undefined
}

/** Sends a made-up request and judges what came back. */
export async function probe(
  context: OperationContext,
  upstream: UpstreamProbe,
  provider: ProviderRecord,
  asked: Inference,
): Promise<ProbeResult> {
  const inferred = await upstream.infer(asked)
  const where = whereOf(provider, inferred)
  const bad = (code: string, message: string, answer?: AnswerReading): ProbeResult => ({
    ok: false,
    code,
    message: `${message} (${where})`,
    next: nextStep(context, provider, inferred.account, code),
    inferred,
    answer,
  })
  if (inferred.status !== 200 || inferred.errorCode !== null)
    return bad(inferred.errorCode ?? 'internal', errorText(inferred.text) ?? meaningOf(inferred.errorCode))
  // Only whoever probes needs the codecs: a command line that asks something else should not wait for them.
  const { readAnswer, readStreamedAnswer } = await import('../engine/probe-answer.ts')
  const streamed = asked.stream === true
  const answer = streamed ? readStreamedAnswer(asked.dialect, inferred.text) : readAnswer(asked.dialect, inferred.text)
  if (answer.fault !== null) return bad(streamed ? 'stream_not_legal' : 'answer_unreadable', answer.fault, answer)
  if (!saysSomething(answer)) return bad('answer_empty', 'the answer says nothing', answer)
  if (answer.inputTokens === null) return bad('usage_missing', 'the answer tells no usage', answer)
  return { ok: true, code: null, message: goodText(answer, where), next: null, inferred, answer }
}

// A stream that broke says why in its last event, in the words of its wire; ours are the same on all of them.
function meaningOf(code: string | null): string {
  const codes: Readonly<Record<string, { readonly meaning: string }>> = errorCodes
  return (code !== null && Object.hasOwn(codes, code) ? codes[code]?.meaning : undefined) ?? 'the request failed'
}

// A model may have spent all it was allowed on thinking: that is an answer too.
function saysSomething({ characters, dimensions, finish, reasoningTokens }: AnswerReading): boolean {
  return characters > 0 || (dimensions ?? 0) > 0 || (finish === 'length' && (reasoningTokens ?? 0) > 0)
}

function goodText(answer: AnswerReading, where: string): string {
  const said =
    answer.dimensions === null
      ? `${answer.inputTokens} tokens in, ${answer.outputTokens ?? 'unknown'} out`
      : `${answer.dimensions} dimensions, ${answer.inputTokens} tokens in`
  return `${said} (${where})`
}

function whereOf(provider: ProviderRecord, { account, providerStatus, durationMs }: Inferred): string {
  const status = providerStatus === null ? 'no answer' : `HTTP ${providerStatus}`
  return `account ${provider.id}/${account ?? '-'}, ${status}, ${Math.round(durationMs)} ms`
}

/** What an error of any of our wires says; they all keep it at the same place. */
function errorText(text: string): string | undefined {
  const body = parseJson(text)
  const error = isObject(body) ? body['error'] : undefined
  return isObject(error) && typeof error['message'] === 'string' ? error['message'] : undefined
}
