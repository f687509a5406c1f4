// What policy may know of a request, and the few checks the gateway makes itself. Everything else about a request is the
// provider's to judge. Never builds the canonical request.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { RequestFacts } from '../../ir/facts.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { JsonDocument } from '../../wire/json-scan.ts'
import type { WireRequest } from '../dialect.ts'
import { countOf, present } from '../kit/present.ts'
import {
  approxTokens,
  booleanFault,
  countFault,
  isAbsent,
  modelFault,
  sessionKeyOf,
  type Fault,
} from '../kit/request-facts.ts'

/** Members whose text the model gets to see. */
const visibleMembers = new Set(['prompt', 'suffix'])

type Body = JsonDocument['value']

/**
 * Checks a request and extracts its facts; fails with the code of the first check that does not hold.
 * @see https://platform.openai.com/docs/api-reference/completions/create
 */
export function facts(request: WireRequest): Outcome<RequestFacts> {
  const body = request.body.value
  const fault = faultOf(body)
  if (fault !== undefined) return fault
  return ok({
    dialect: 'openai-completions',
    task: 'generate',
    model: body['model'] as string,
    stream: body['stream'] === true,
    wantsUsage: isObject(body['stream_options']) && body['stream_options']['include_usage'] === true,
    needsTools: false,
    needsImages: false,
    needsAudio: false,
    needsFiles: false,
    needsSchema: false,
    needsReasoning: false,
    choices: promptCount(body['prompt']) * (countOf(body['n']) ?? 1),
    approxInputTokens: approxTokens(request.body, visibleMembers, 0),
    ...present({
      maxOutputTokens: countOf(body['max_tokens']),
      sessionKey: sessionKeyOf(request.headers, body['metadata']),
    }),
  })
}

function faultOf(body: Body): Fault | undefined {
  return modelFault(body['model']) ?? promptFault(body['prompt']) ?? valueFault(body)
}

// Absent is legal: the model then begins a document.
function promptFault(prompt: unknown): Fault | undefined {
  const usable = isAbsent(prompt) || typeof prompt === 'string' || Array.isArray(prompt)
  return usable ? undefined : failed('invalid_value', { param: 'prompt' })
}

function valueFault(body: Body): Fault | undefined {
  const { max_tokens: limit } = body
  // Zero is legal on this wire alone: with `echo` and `logprobs` it scores a text and writes nothing.
  const limitFault = isAbsent(limit) || countOf(limit) !== undefined ? undefined : countFault(limit, 'max_tokens')
  return booleanFault(body['stream'], 'stream') ?? limitFault ?? countFault(body['n'], 'n')
}

/** How many prompts there are: each of them gets `n` answers. A list of numbers is one prompt in tokens. */
function promptCount(prompt: unknown): number {
  return Array.isArray(prompt) && typeof prompt[0] !== 'number' ? Math.max(prompt.length, 1) : 1
}
