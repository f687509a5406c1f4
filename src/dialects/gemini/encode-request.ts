// The canonical request as a request of this wire. A request that came from this wire goes back as it was, member by
// member, and the provider judges it; any other is cut to what this wire can say.
import { ok, type Outcome } from '../../ir/error.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import type { NameRule } from '../../ir/legal-name.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { CodecTarget, EncodedRequest } from '../dialect.ts'
import { createLedger, type Ledger } from '../kit/ledger.ts'
import { encodeContents } from './encode-contents.ts'
import { encodeForeignGeneration, encodeOwnGeneration } from './encode-generation.ts'
import { encodePart } from './encode-part.ts'
import { encodeForeignTools, encodeOwnTools } from './encode-tools.ts'
import { callPath, type Action } from './endpoint.ts'
import { asideOf, ownMembers, validatedMode, type Members, type Piece } from './extras.ts'
import { camelRecord, respell } from './names.ts'
import { wantsSignatures } from './thinking.ts'

// https://ai.google.dev/api/caching#FunctionDeclaration; the guides say that a name begins with a letter or underscore.
const toolNames: NameRule = { illegal: /[^a-zA-Z0-9_.:-]|^[^a-zA-Z_]/g, maxLength: 64 }
// Nothing is said of ids but that they come back.
const callIds: NameRule = { illegal: /[^\x20-\x7e]/g, maxLength: 256 }

const encoder = new TextEncoder()

/** A body with what it cost. */
export interface EncodedBody {
  readonly body: Members
  readonly ledger: Ledger
}

/** Encodes a request for the target's model; fails where sending less would change what the client asked. */
export function encodeRequest(request: IrRequest, target: CodecTarget): Outcome<EncodedRequest> {
  const encoded = encodeBody(request, target)
  if (!encoded.ok) return encoded
  const action = request.stream ? 'streamGenerateContent' : 'generateContent'
  return ok(callOf(encoded.value, target, action))
}

/** The body of a request, whatever is asked with it. */
export function encodeBody(request: IrRequest, { model, traits }: CodecTarget): Outcome<EncodedBody> {
  const own = request.source === 'gemini'
  const ledger = createLedger({ request, own, toolNames, callIds })
  const encoded = own ? encodeOwn(request) : encodeForeign(request, model, ledger)
  const body = traits?.oldModelsWithoutCallIds === true && /gemini-[12]\b/.test(model) ? withoutIds(encoded) : encoded
  const refusal = ledger.refusal()
  return refusal === undefined ? ok({ body, ledger }) : { ok: false, error: refusal }
}

/** A call with this body. What we ask for ourselves streams as server-sent events. */
export function callOf({ body, ledger }: EncodedBody, { model }: CodecTarget, action: Action): EncodedRequest {
  return {
    call: {
      path: callPath(model, action, action === 'streamGenerateContent'),
      headers: { 'content-type': 'application/json' },
      body: encoder.encode(JSON.stringify(body)),
    },
    losses: ledger.losses,
    toolNames: ledger.toolNames,
  }
}

function encodeForeign(request: IrRequest, model: string, ledger: Ledger): Members {
  if (request.bound !== undefined) ledger.refuse(request.bound.param, request.bound.reason)
  ledger.dropExtras(request.extras)
  if (request.user !== undefined) ledger.drop(ledger.paths.user, 'the wire knows no end user')
  const { system, contents } = encodeContents(request, wantsSignatures(model), ledger)
  const generation = encodeForeignGeneration(request, model, ledger)
  return {
    contents,
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    ...encodeForeignTools(request, ledger),
    ...(Object.keys(generation).length > 0 && { generationConfig: generation }),
  }
}

function encodeOwn(request: IrRequest): Members {
  const { body = {}, choice } = asideOf(request.extras)
  const { [validatedMode]: _validated, ...extras } = ownMembers(request.extras)
  const { generationConfig, toolConfig, ...rest } = camelRecord(extras)
  const said = camelRecord(body)
  const tooling = camelRecord(toolConfig)
  const config = { ...encodeOwnGeneration(request), ...camelRecord(generationConfig) }
  const calling = { ...tooling, ...(choice !== undefined && { functionCallingConfig: choice }) }
  const encoded = {
    ...rest,
    contents: encodeOwnContents(request.turns),
    ...(request.instructions.length > 0 && { systemInstruction: encodeOwnInstructions(request, said) }),
    ...(request.tools.length > 0 && { tools: encodeOwnTools(request.tools) }),
    // An empty record says nothing, and comes back all the same.
    ...(isSaid(config, said['generationConfig']) && { generationConfig: config }),
    ...(isSaid(calling, said['toolConfig']) && { toolConfig: calling }),
  }
  return respell(encoded, body) as Members
}

function isSaid(members: Members, before: unknown): boolean {
  return Object.keys(members).length > 0 || isObject(before)
}

function encodeOwnInstructions({ instructions }: IrRequest, body: Members): Members {
  const { parts: _parts, text: _text, ...members } = camelRecord(body['systemInstruction'])
  return { ...members, parts: instructions.map((part) => encodePart(part, { own: true })) }
}

/** Turns as the contents they were made of: a content may have become several turns, and a turn come from several. */
function encodeOwnContents(turns: readonly Turn[]): readonly Members[] {
  const contents: { readonly position: number | undefined; readonly members: Members; parts: Members[] }[] = []
  for (const turn of turns) {
    const parts = turn.parts.map((part) => encodePart(part, { own: true }))
    let from = 0
    for (const piece of piecesOf(turn)) {
      const taken = parts.slice(from, from + piece.count)
      from += piece.count
      const last = contents.at(-1)
      if (last !== undefined && last.position === piece.content && piece.content >= 0) last.parts.push(...taken)
      else contents.push({ position: piece.content, members: { ...piece.members }, parts: taken })
    }
  }
  return contents.map(({ members, parts }) => ({ ...members, parts }))
}

function piecesOf(turn: Turn): readonly Piece[] {
  const { pieces } = asideOf(turn.extras)
  const count = pieces?.reduce((sum, piece) => sum + piece.count, 0)
  if (pieces !== undefined && count === turn.parts.length) return pieces
  // What was changed on the way is a content of its own.
  const role = turn.role === 'assistant' ? 'model' : 'user'
  const members = pieces?.[0]?.members ?? { ...ownMembers(turn.extras), role }
  return [{ content: -1, members, count: turn.parts.length }]
}

function withoutIds(body: Members): Members {
  const bare = (value: unknown): unknown => {
    if (!isObject(value)) return value
    const { id: _id, ...rest } = value
    return rest
  }
  const part = (value: Members): Members => ({
    ...value,
    ...('functionCall' in value && { functionCall: bare(value['functionCall']) }),
    ...('functionResponse' in value && { functionResponse: bare(value['functionResponse']) }),
  })
  const content = (value: unknown): unknown =>
    isObject(value) && Array.isArray(value['parts'])
      ? { ...value, parts: value['parts'].map((one: unknown) => (isObject(one) ? part(one) : one)) }
      : value
  const { contents } = body
  return Array.isArray(contents) ? { ...body, contents: contents.map(content) } : body
}
