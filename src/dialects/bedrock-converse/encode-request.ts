// The canonical request as a request of this wire. A request that came from this wire goes back as it was, member by
// member, and the provider judges it; any other passes through encode-foreign.ts.
import { ok, type Outcome } from '../../ir/error.ts'
import type { IrRequest } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { CodecTarget, EncodedRequest } from '../dialect.ts'
import { present } from '../kit/present.ts'
import { encodeOwnContent, type WireBlock } from './encode-content.ts'
import { encodeForeign, type EncodedBody } from './encode-foreign.ts'
import { objectOf, overlay, saidOf, silentOf, type Members } from './extras.ts'
import { encodeOwnFields, saidEffort } from './model-fields.ts'
import { encodeTextFormat } from './output-format.ts'
import { callOf } from './retarget.ts'
import { encodeOwnTools, encodeToolChoice } from './tools.ts'

/** Encodes a request for the target's model; fails where sending less would change what the client asked. */
export function encodeRequest(request: IrRequest, target: CodecTarget): Outcome<EncodedRequest> {
  const encoded = encodeBody(request, target)
  if (!encoded.ok) return encoded
  const { body, losses, toolNames } = encoded.value
  return ok({ call: callOf(target.model, request.stream ? 'converse-stream' : 'converse', body), losses, toolNames })
}

/** The body of a request, which counting tokens sends too. */
export function encodeBody(request: IrRequest, target: CodecTarget): Outcome<EncodedBody> {
  if (request.source !== 'bedrock-converse') return encodeForeign(request, target)
  return ok({ body: encodeOwn(request), losses: [], toolNames: new Map() })
}

function encodeOwn(request: IrRequest): WireBlock {
  const silent = silentOf(request.extras)
  const spelling = objectOf(silent['spelling'])
  const { additionalModelRequestFields: rest, ...said } = saidOf(request.extras)
  const fields = encodeOwnFields(request, spelling, rest)
  const body = present({
    messages: request.turns.length > 0 ? request.turns.map(encodeOwnTurn) : undefined,
    system: request.instructions.length > 0 ? encodeOwnContent(request.instructions) : undefined,
    inferenceConfig: record(encodeInference(request)),
    toolConfig: record(encodeToolConfig(request)),
    additionalModelRequestFields: fields ?? (silent['emptyFields'] === true ? {} : undefined),
    outputConfig: record(encodeOutput(request, silent, saidEffort(spelling))),
  })
  return overlay(overlay(body, said), silent['empty'])
}

function encodeOwnTurn(turn: IrRequest['turns'][number]): WireBlock {
  return overlay({ role: turn.role, content: encodeOwnContent(turn.parts) }, saidOf(turn.extras))
}

function encodeInference({ sampling }: IrRequest): Members {
  const { maxOutputTokens, temperature, topP, stop } = sampling
  return present({ maxTokens: maxOutputTokens, temperature, topP, stopSequences: stop })
}

function encodeToolConfig({ tools, toolChoice }: IrRequest): Members {
  return present({
    tools: tools.length > 0 ? encodeOwnTools(tools) : undefined,
    toolChoice: toolChoice === undefined ? undefined : encodeToolChoice(toolChoice),
  })
}

function encodeOutput({ output, reasoning }: IrRequest, silent: Members, effortInFields: boolean): Members {
  return present({
    textFormat:
      output?.type === 'json-schema'
        ? encodeTextFormat(output, typeof silent['schemaText'] === 'string' ? silent['schemaText'] : undefined)
        : undefined,
    effort: effortInFields ? undefined : reasoning?.effort,
  })
}

function record(members: Members): Members | undefined {
  return isObject(members) && Object.keys(members).length > 0 ? members : undefined
}
