// What policy may know of a request, and the few checks the gateway makes itself. Everything else about a request is the
// provider's to judge. Never builds the canonical request.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { RequestFacts } from '../../ir/facts.ts'
import type { JsonDocument } from '../../wire/json-scan.ts'
import type { WireRequest } from '../dialect.ts'
import { present } from '../kit/present.ts'
import { approxTokens, countFault, isAbsent, modelFault, sessionKeyOf, type Fault } from '../kit/request-facts.ts'

/** Members whose text the model gets to see. */
const visibleMembers = new Set(['input'])

/**
 * Checks a request and extracts its facts; fails with the code of the first check that does not hold.
 * @see https://platform.openai.com/docs/api-reference/embeddings/create
 */
export function facts(request: WireRequest): Outcome<RequestFacts> {
  const body = request.body.value
  const fault =
    modelFault(body['model']) ??
    inputFault(body['input']) ??
    countFault(body['dimensions'], 'dimensions') ??
    formatFault(body)
  if (fault !== undefined) return fault
  return ok({
    dialect: 'openai-embeddings',
    task: 'embed',
    model: body['model'] as string,
    stream: false,
    wantsUsage: true,
    needsTools: false,
    needsImages: false,
    needsAudio: false,
    needsFiles: false,
    needsSchema: false,
    needsReasoning: false,
    choices: 1,
    approxInputTokens: approxTokens(request.body, visibleMembers, 0),
    ...present({ sessionKey: sessionKeyOf(request.headers, body['metadata']) }),
  })
}

function inputFault(input: unknown): Fault | undefined {
  if (input === undefined) return failed('missing_required_parameter', { param: 'input' })
  return typeof input === 'string' || Array.isArray(input) ? undefined : failed('invalid_value', { param: 'input' })
}

// Which words there are is the provider's to judge.
function formatFault({ encoding_format: format }: JsonDocument['value']): Fault | undefined {
  const usable = isAbsent(format) || typeof format === 'string'
  return usable ? undefined : failed('invalid_value', { param: 'encoding_format' })
}
