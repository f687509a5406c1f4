// The canonical request as a request of this wire. Owns the top-level members and what of them a foreign client loses.
import { ok, type Outcome } from '../../ir/error.ts'
import { legalName, type NameRule } from '../../ir/legal-name.ts'
import type { IrRequest, OutputFormat } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { CodecTarget, EncodedRequest } from '../dialect.ts'
import { encodeEffort } from '../kit/effort.ts'
import { createLedger, type Ledger } from '../kit/ledger.ts'
import { present } from '../kit/present.ts'
import { encodeConversation } from './encode-turns.ts'
import { encodeTools } from './encode-tools.ts'
import { asideOf, ownMembers, saidMembers, without, type Members } from './extras.ts'
import { upstreamPath } from './retarget.ts'

const nameRule: NameRule = { illegal: /[^a-zA-Z0-9_-]/g, maxLength: 64 }
const callIdRule: NameRule = { illegal: /[^\x21-\x7e]/g, maxLength: 64 }
/** The wire takes no smaller limit. */
const minOutputTokens = 16
/** The wire wants a name for every schema. */
const defaultSchemaName = 'response'
const efforts: ReadonlySet<string> = new Set(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])

const encoder = new TextEncoder()

/** Encodes a request; fails with `unsupported_content` where leaving something out would change what was asked. */
export function encodeRequest(request: IrRequest, target: CodecTarget): Outcome<EncodedRequest> {
  const encoded = encodeBody(request, target)
  return encoded.ok ? ok(callOf(encoded.value.body, encoded.value.ledger, upstreamPath)) : encoded
}

/** A body as a call, with what its encoding lost. */
export function callOf(body: Members, { losses, toolNames }: Ledger, path: string): EncodedRequest {
  return {
    call: {
      path,
      headers: { 'content-type': 'application/json' },
      body: encoder.encode(JSON.stringify(body)),
    },
    losses,
    toolNames,
  }
}

/** The members of a request; fails like `encodeRequest`. */
export function encodeBody(
  request: IrRequest,
  target: CodecTarget,
): Outcome<{ readonly body: Members; readonly ledger: Ledger }> {
  const ledger = createLedger({
    request,
    own: request.source === 'openai-responses',
    toolNames: nameRule,
    callIds: callIdRule,
  })
  const { own } = ledger
  ledger.dropExtras(request.extras)
  if (!own && (request.choices ?? 1) > 1) ledger.refuse(ledger.paths.choices, 'only one answer per request')
  const { text, ...rest } = own ? ownMembers(request.extras) : {}
  const conversation = encodeConversation(request, ledger)
  const user = own && asideOf(request.extras).identifier === true ? 'safety_identifier' : 'user'
  const body = {
    model: target.model,
    ...conversation,
    ...encodeTools(request, ledger),
    ...encodeSampling(request, ledger),
    ...encodeReasoning(request, rest['reasoning'], ledger),
    ...present({ text: encodeText(request.output, text, ledger), [user]: request.user }),
    ...(request.stream && { stream: true }),
    ...without(rest, ['reasoning']),
    ...(!own && statelessMembers(request, conversation['input'])),
  }
  const refusal = ledger.refusal()
  return refusal === undefined ? ok({ body, ledger }) : { ok: false, error: refusal }
}

/** Nothing is stored for a client that did not ask for it: reasoning then has to travel with the conversation. */
function statelessMembers({ reasoning }: IrRequest, input: unknown): Members {
  const asked = reasoning !== undefined && reasoning.mode !== 'disabled' && reasoning.effort !== 'none'
  const replayed = Array.isArray(input) && input.some((item) => isObject(item) && item['type'] === 'reasoning')
  // A model that does not reason refuses the second member, so it is only sent where there is reasoning.
  return { store: false, ...((asked || replayed) && { include: ['reasoning.encrypted_content'] }) }
}

function encodeSampling({ sampling }: IrRequest, ledger: Ledger): Members {
  const { maxOutputTokens, temperature, topP, topK, stop, seed, frequencyPenalty, presencePenalty } = sampling
  const unknown = { topK, stop, seed, frequencyPenalty, presencePenalty }
  if (!ledger.own)
    for (const [parameter, value] of Object.entries(unknown))
      if (value !== undefined && !(Array.isArray(value) && value.length === 0))
        ledger.drop(ledger.paths[parameter as keyof typeof unknown], 'the wire has no such parameter')
  const isTooSmall = !ledger.own && maxOutputTokens !== undefined && maxOutputTokens < minOutputTokens
  if (isTooSmall) ledger.approximate(ledger.paths.maxOutputTokens, `the wire takes no limit below ${minOutputTokens}`)
  return present({
    max_output_tokens: isTooSmall ? minOutputTokens : maxOutputTokens,
    temperature,
    top_p: topP,
  })
}

function encodeReasoning(request: IrRequest, empty: unknown, ledger: Ledger): Members {
  const { reasoning } = request
  if (reasoning === undefined) return present({ reasoning: empty })
  if (ledger.own) return { reasoning: { ...present({ effort: reasoning.effort }), ...saidMembers(reasoning.extras) } }
  const effort = encodeEffort(request, ledger, efforts)
  return effort === undefined ? {} : { reasoning: { effort } }
}

function encodeText(output: OutputFormat | undefined, extras: unknown, ledger: Ledger): unknown {
  const outer = isObject(extras) ? extras : {}
  const inner = isObject(outer['format']) ? outer['format'] : {}
  const format = encodeOutputFormat(output, ledger)
  if (format === undefined) return isObject(extras) ? extras : undefined
  return { ...outer, format: { ...format, ...inner } }
}

function encodeOutputFormat(output: OutputFormat | undefined, ledger: Ledger): Members | undefined {
  switch (output?.type) {
    case undefined:
      return undefined
    case 'text':
      return { type: 'text' }
    case 'json-object':
      return { type: 'json_object' }
    case 'json-schema': {
      const { schema, name, description, strict } = output
      const called = ledger.own ? name : legalName(name ?? defaultSchemaName, nameRule)
      return { type: 'json_schema', ...present({ name: called, description, schema, strict }) }
    }
  }
}
