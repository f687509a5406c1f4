// The canonical request as a request of this wire. Owns the top-level members and what of them a foreign client loses.
import { ok, type Outcome } from '../../ir/error.ts'
import type { NameRule } from '../../ir/legal-name.ts'
import type { IrRequest } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { CodecTarget, EncodedRequest } from '../dialect.ts'
import { createLedger, type Ledger } from '../kit/ledger.ts'
import { present } from '../kit/present.ts'
import type { Members } from '../openai-wire/members.ts'
import { usageSpelling } from './decode-request.ts'
import { ownMembers } from './extras.ts'
import { encodePrompt } from './prompt.ts'
import { upstreamPath } from './retarget.ts'

/** OpenAI takes four stop sequences. */
const maxStops = 4
/** Where nothing is said this wire ends an answer at 16 tokens; half the window of gpt-3.5-turbo-instruct is meant to do. */
const defaultMaxTokens = 2048
/** Nothing is called on this wire, so no name ever has to be legal. */
const anyName: NameRule = { illegal: /(?!)/g, maxLength: Number.MAX_SAFE_INTEGER }

const encoder = new TextEncoder()

/**
 * Encodes a request; fails with `unsupported_content` where leaving something out would change what was asked.
 * @see https://platform.openai.com/docs/api-reference/completions/create
 */
export function encodeRequest(request: IrRequest, target: CodecTarget): Outcome<EncodedRequest> {
  const own = request.source === 'openai-completions'
  const ledger = createLedger({ request, own, toolNames: anyName, callIds: anyName })
  const body = { model: target.model, ...(own ? encodeOwn(request) : encodeForeign(request, ledger)) }
  const refusal = ledger.refusal()
  if (refusal !== undefined) return { ok: false, error: refusal }
  return ok({
    call: {
      path: upstreamPath,
      headers: { 'content-type': 'application/json' },
      body: encoder.encode(JSON.stringify(body)),
    },
    losses: ledger.losses,
    toolNames: ledger.toolNames,
  })
}

/** Everything as it came, for the provider to judge. */
function encodeOwn(request: IrRequest): Members {
  const { prompt: list, stop, stream_options: said, [usageSpelling]: spelled, ...rest } = ownMembers(request.extras)
  const wanted = request.streamUsage === true ? true : spelled
  const options = { ...(isObject(said) ? said : {}), ...present({ include_usage: wanted }) }
  return {
    ...present({ prompt: ownPrompt(request, list !== undefined) }),
    ...encodeSampling(request, typeof stop === 'string' ? stop : request.sampling.stop),
    ...present({ n: request.choices, user: request.user }),
    ...(request.stream && { stream: true }),
    ...(Object.keys(options).length > 0 && { stream_options: options }),
    ...rest,
  }
}

function ownPrompt({ turns }: IrRequest, inList: boolean): unknown {
  const part = turns[0]?.parts[0]
  if (part?.type === 'opaque') return part.value
  const text = part?.type === 'text' ? part.text : undefined
  return text !== undefined && inList ? [text] : text
}

function encodeForeign(request: IrRequest, ledger: Ledger): Members {
  ledger.dropExtras(request.extras)
  if (request.bound !== undefined) ledger.refuse(request.bound.param, request.bound.reason)
  refuseTools(request, ledger)
  refuseFormat(request, ledger)
  dropReasoning(request, ledger)
  if (request.sampling.topK !== undefined) ledger.drop(ledger.paths.topK, 'the wire has no such parameter')
  const prompt = encodePrompt(request, ledger)
  const stop = encodeStop(request, prompt.stop, ledger)
  const { top_k: _topK, ...sampling } = encodeSampling(request, stop)
  return {
    prompt: prompt.text,
    max_tokens: defaultMaxTokens,
    ...sampling,
    ...present({ n: request.choices, user: request.user }),
    // Whether the client wants it or not: without usage no token of a stream could be accounted for.
    ...(request.stream && { stream: true, stream_options: { include_usage: true } }),
  }
}

function refuseTools({ tools, toolChoice }: IrRequest, ledger: Ledger): void {
  const forced = toolChoice?.mode === 'required' || toolChoice?.mode === 'tool'
  for (const [index, tool] of tools.entries()) {
    const at = tool.at ?? `tools[${index}]`
    if (tool.type === 'opaque' && !forced) ledger.drop(at, `a tool of another provider (${tool.kind})`)
    else if (toolChoice?.mode === 'none') ledger.approximate(at, 'left out, as no tool may be called')
    else ledger.refuse(at, 'a text completion calls no tools')
  }
  if (forced) ledger.refuse(ledger.paths.toolChoice, 'a text completion calls no tools')
  if (toolChoice?.mode === 'opaque') ledger.drop(ledger.paths.toolChoice, 'a text completion calls no tools')
}

function refuseFormat({ output }: IrRequest, ledger: Ledger): void {
  if (output?.type === 'json-schema') ledger.refuse(ledger.paths.output, 'a text completion follows no schema')
  if (output?.type === 'json-object') ledger.drop(ledger.paths.output, 'a text completion cannot be asked for JSON')
}

function dropReasoning({ reasoning }: IrRequest, ledger: Ledger): void {
  const { paths } = ledger
  ledger.dropExtras(reasoning?.extras, paths.reasoning)
  if (reasoning === undefined || reasoning.mode === 'disabled' || reasoning.effort === 'none') return
  if (reasoning.mode !== undefined || reasoning.budgetTokens !== undefined)
    ledger.drop(paths.reasoning, 'a text completion does not reason')
  if (reasoning.effort !== undefined) ledger.drop(paths.effort, 'a text completion does not reason')
}

function encodeStop({ sampling }: IrRequest, ours: string | undefined, ledger: Ledger): readonly string[] | undefined {
  const asked = sampling.stop ?? []
  if (asked.length > maxStops) ledger.drop(ledger.paths.stop, `the wire takes ${maxStops} stop sequences`)
  const sent = [...asked, ...(ours === undefined ? [] : [ours])].slice(0, maxStops)
  return sent.length > 0 ? sent : undefined
}

function encodeSampling({ sampling }: IrRequest, stop: string | readonly string[] | undefined): Members {
  return present({
    max_tokens: sampling.maxOutputTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    stop,
    seed: sampling.seed,
    frequency_penalty: sampling.frequencyPenalty,
    presence_penalty: sampling.presencePenalty,
  })
}
