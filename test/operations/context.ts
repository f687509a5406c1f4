// A context for running operations without any surface: a compiled configuration, stores in memory, a clock that stands.
import { compileConfig } from '../../src/catalog/compile.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import { failed } from '../../src/ir/error.ts'
import type { Operation, OperationContext } from '../../src/operations/operation.ts'
import { runOperation, type OperationResult } from '../../src/operations/run-operation.ts'
import type { TraceRow } from '../../src/ports/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'

export const noon = Date.parse('2026-03-01T12:00:00.000Z')

/** Compiles a document that is known to be good. */
export function snapshotOf(document: unknown): Snapshot {
  const compiled = compileConfig({ document })
  if (!compiled.ok)
    throw new Error(compiled.problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'))
  return compiled.snapshot
}

export function contextOf(document: unknown, more: Partial<OperationContext> = {}): OperationContext {
  return {
    snapshot: snapshotOf(document),
    stores: createMemoryStores(),
    clock: { now: () => noon, mono: () => 0, after: () => () => {} },
    factsOf: () => failed('internal', { message: 'no dialects in this test' }),
    translate: () => failed('internal', { message: 'no dialects in this test' }),
    status: undefined,
    ...more,
  }
}

/** Runs and expects success. */
export async function dataOf(operation: Operation, context: OperationContext, input?: unknown): Promise<unknown> {
  const { envelope } = await runOperation(operation, context, input)
  if (!envelope.ok) throw new Error(`${envelope.error.code}: ${envelope.error.message}`)
  return envelope.data
}

/** Runs and expects failure. */
export async function errorOf(operation: Operation, context: OperationContext, input?: unknown) {
  const result: OperationResult = await runOperation(operation, context, input)
  if (result.envelope.ok) throw new Error(`succeeded with ${JSON.stringify(result.envelope.data)}`)
  return result.envelope.error
}

export function traceRow(more: Partial<TraceRow>): TraceRow {
  return {
    requestId: 'req_1',
    startedAt: noon,
    revision: 'r1',
    dialect: 'openai-chat',
    path: '/v1/chat/completions',
    keyId: null,
    tenant: null,
    inboundModel: 'fast',
    route: 'fast',
    provider: 'mock',
    account: null,
    model: 'echo',
    upstreamDialect: 'openai-chat',
    streamed: false,
    status: 200,
    outcome: 'succeeded',
    errorCode: null,
    finish: 'stop',
    durationMs: 12,
    ttftMs: null,
    inputTokens: 3,
    cacheReadTokens: null,
    cacheWriteTokens: null,
    outputTokens: 4,
    reasoningTokens: null,
    usageEvidence: 'reported',
    detail: '{}',
    ...more,
  }
}
