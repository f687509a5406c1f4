// The canonical request as a request of this wire. Owns the top-level members and what of them a foreign client loses.
import { ok, type Outcome } from '../../ir/error.ts'
import type { NameRule } from '../../ir/legal-name.ts'
import type { Loss } from '../../ir/loss.ts'
import type { ClientPaths, IrRequest, OutputFormat } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { CodecTarget, EncodedRequest } from '../dialect.ts'
import { applyEdits, fitRequest } from './quirks/index.ts'
import { clientPaths } from '../../ir/client-paths.ts'
import { encodeEffort } from '../kit/effort.ts'
import { createLedger, type Ledger } from '../kit/ledger.ts'
import { encodeMessages } from './encode-messages.ts'
import { encodeTools } from './encode-tools.ts'
import { asideOf, ownMembers, type Members } from './extras.ts'
import { present } from '../kit/present.ts'
import { upstreamPath } from './retarget.ts'

/** OpenAI takes four stop sequences. */
const maxStops = 4
/** OpenAI wants a name for every schema. */
const defaultSchemaName = 'response'

// https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools
const toolNames: NameRule = { illegal: /[^a-zA-Z0-9_-]/g, maxLength: 64 }
// OpenAI refuses longer ids; what they are made of it leaves open.
const callIds: NameRule = { illegal: /[^\x21-\x7e]/g, maxLength: 40 }

const encoder = new TextEncoder()

/** Encodes a request; fails with `unsupported_content` where leaving something out would change what was asked. */
export function encodeRequest(request: IrRequest, target: CodecTarget): Outcome<EncodedRequest> {
  const ledger = createLedger({ request, own: request.source === 'openai-chat', toolNames, callIds })
  ledger.dropExtras(request.extras)
  const limit = limitKey(request, target)
  const silent: Members = asideOf(request.extras).silent ?? {}
  const { stream_options: options, response_format: format, ...rest } = ledger.own ? ownMembers(request.extras) : {}
  if (limit !== 'max_tokens' && 'max_tokens' in silent) delete rest['max_tokens']
  const { messages, places } = encodeMessages(request, ledger, target.traits)
  const body = {
    model: target.model,
    messages,
    ...encodeTools(request, ledger),
    ...encodeSampling(request, ledger),
    ...present({
      reasoning_effort: encodeEffort(request, ledger),
      response_format: encodeOutput(request.output, format),
      n: request.choices,
      user: request.user,
    }),
    ...encodeStream(request, { ...members(ledger.own && silent['stream_options']), ...members(options) }),
    ...rest,
    ...(request.sampling.maxOutputTokens !== undefined && { [limit]: request.sampling.maxOutputTokens }),
  }
  const refusal = ledger.refusal()
  if (refusal !== undefined) return { ok: false, error: refusal }
  const fitted = fitRequest(body, target.traits ?? {})
  return ok({
    call: {
      path: upstreamPath,
      headers: { 'content-type': 'application/json' },
      body: encoder.encode(JSON.stringify(fitted.edits.length === 0 ? body : applyEdits(body, fitted.edits))),
    },
    losses: [
      ...ledger.losses,
      ...fitted.losses.map((loss) => (ledger.own ? loss : placed(loss, places, ledger, request))),
    ],
    toolNames: ledger.toolNames,
  })
}

// This wire's names of parameters; the older one of the limit has the same meaning.
const parameters: ReadonlyMap<string, string> = new Map([
  ...Object.entries(clientPaths({ source: 'openai-chat' })).map(([name, path]) => [path, name] as const),
  ['max_tokens', 'maxOutputTokens'],
])

/** A loss of the encoded body, which has this wire's names, by the place in a foreign client's. */
function placed(loss: Loss, places: readonly string[], { paths }: Ledger, { reasoning }: IrRequest): Loss {
  const message = /^messages\[(\d+)\]/.exec(loss.path)?.[1]
  const known = parameters.get(loss.path) as keyof ClientPaths | undefined
  const name = known === 'effort' && reasoning?.effort === undefined ? 'budgetTokens' : known
  const path = message === undefined ? name && paths[name] : places[Number(message)]
  return path === undefined ? loss : { ...loss, path }
}

/** What the output limit is called: as the provider wants it, else as the client of this wire said it. */
function limitKey(request: IrRequest, target: CodecTarget): 'max_tokens' | 'max_completion_tokens' {
  if (target.traits?.maxTokensField !== undefined) return target.traits?.maxTokensField
  const older = 'max_tokens' in (asideOf(request.extras).silent ?? {})
  return older ? 'max_tokens' : 'max_completion_tokens'
}

function encodeSampling(request: IrRequest, ledger: Ledger): Members {
  const { temperature, topP, topK, stop, seed, frequencyPenalty, presencePenalty } = request.sampling
  if (!ledger.own && topK !== undefined) ledger.drop(ledger.paths.topK, 'the wire has no such parameter')
  return present({
    temperature,
    top_p: topP,
    top_k: ledger.own ? topK : undefined,
    stop: encodeStop(stop, ledger),
    seed,
    frequency_penalty: frequencyPenalty,
    presence_penalty: presencePenalty,
  })
}

function encodeStop(stop: readonly string[] | undefined, ledger: Ledger): readonly string[] | undefined {
  if (ledger.own || stop === undefined) return stop
  if (stop.length > maxStops)
    ledger.drop(ledger.paths.stop, `the wire takes ${maxStops} stop sequences, the others were left out`)
  return stop.length === 0 ? undefined : stop.slice(0, maxStops)
}

function encodeOutput(output: OutputFormat | undefined, extras: unknown): unknown {
  const outer = isObject(extras) ? extras : {}
  switch (output?.type) {
    case undefined:
      return isObject(extras) ? extras : undefined
    case 'text':
      return { ...outer, type: 'text' }
    case 'json-object':
      return { ...outer, type: 'json_object' }
    case 'json-schema': {
      const { schema, name, description, strict } = output
      const inner = isObject(outer['json_schema']) ? outer['json_schema'] : {}
      const record = { name: name ?? defaultSchemaName, ...present({ description, schema, strict }), ...inner }
      return { ...outer, type: 'json_schema', json_schema: record }
    }
  }
}

/** Usage is asked for wherever it is not the client's own wire that says so: without it no token could be accounted for. */
function encodeStream(request: IrRequest, options: Members): Members {
  const wanted = request.stream && (request.source !== 'openai-chat' || request.streamUsage === true)
  const all = { ...options, ...(wanted && { include_usage: true }) }
  return { ...(request.stream && { stream: true }), ...(Object.keys(all).length > 0 && { stream_options: all }) }
}

function members(value: unknown): Members {
  return isObject(value) ? value : {}
}
