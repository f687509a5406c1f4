// The one way to run an operation: input checked, output checked, answer in the envelope. No surface calls `run` itself.
import { readStructure } from '../catalog/structure.ts'
import { problemText, type Problem } from '../catalog/problem.ts'
import { failed, GatewayError, ok, type Outcome } from '../ir/error.ts'
import { isObject } from '../wire/json-parse.ts'
import { hideIn, hideInError } from '../redaction/index.ts'
import { failureEnvelope, type Envelope, type Operation, type OperationContext } from './operation.ts'

/** The answer, and for surfaces that speak in statuses the error behind a failed one. */
export type OperationResult =
  | { readonly envelope: Extract<Envelope, { ok: true }>; readonly error?: never }
  | { readonly envelope: Extract<Envelope, { ok: false }>; readonly error: GatewayError }

/** Checks `rawInput`, runs, checks the answer. Never throws: every failure is an envelope with its `GatewayError`. */
export async function runOperation(
  operation: Operation,
  context: OperationContext,
  rawInput: unknown,
): Promise<OperationResult> {
  const input = checkInput(operation, rawInput)
  if (!input.ok) return failure(operation, input.error)
  try {
    const output = operation.output.safeParse(await operation.run(context, input.value))
    // The answer breaks its own promise: a bug, and what exactly is wrong might quote what may not be shown.
    if (!output.success) return failure(operation, new GatewayError('internal', { cause: output.error }))
    return { envelope: success(operation, hideIn(output.data, context.hide)) }
  } catch (cause) {
    return failure(
      operation,
      hideInError(cause instanceof GatewayError ? cause : new GatewayError('internal', { cause }), context.hide),
    )
  }
}

/**
 * The input with its defaults; absent input is an empty one.
 * Fails with `missing_required_parameter` or `invalid_value`, `param` naming a field that is wrong.
 */
export function checkInput(operation: Operation, rawInput: unknown): Outcome<unknown> {
  const raw = rawInput ?? {}
  if (!isObject(raw)) return failed('invalid_body', { message: 'the input has to be an object' })
  const { problems, value } = readStructure(operation.input, raw)
  const isMissing = ({ path }: Problem): boolean => path !== '' && !Object.hasOwn(raw, path)
  // A field that is there and wrong is often the one that is missing, mistyped.
  const first = problems.find((problem) => !isMissing(problem)) ?? problems[0]
  if (first === undefined) return ok(value)
  return failed(isMissing(first) ? 'missing_required_parameter' : 'invalid_value', {
    message: problems.slice(0, 5).map(problemText).join('; '),
    ...(first.path !== '' && { param: first.path }),
  })
}

function success(operation: Operation, data: unknown): Extract<Envelope, { ok: true }> {
  return {
    ok: true,
    command: operation.verb,
    schema_version: '1',
    data,
    ...(Array.isArray(data) && { count: data.length }),
  }
}

function failure(operation: Operation, error: GatewayError): OperationResult {
  return { envelope: failureEnvelope(operation.verb, error), error }
}
