// An operation in this process: configuration from its files, stores opened only where they are needed.
import { resolve } from 'node:path'
import { compileConfig } from '../../src/catalog/compile.ts'
import { problemText, type Problem } from '../../src/catalog/problem.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../../src/ir/error.ts'
import { operationContext } from '../../src/http/operation-context.ts'
import type { ConfigEditor, Envelope, Operation, OperationContext } from '../../src/operations/operation.ts'
import { gatewayReload } from '../../src/operations/gateway-reload.ts'
import { runOperation } from '../../src/operations/run-operation.ts'
import type { Secrets, Stores } from '../../src/ports/index.ts'
import { systemClock } from '../clock.ts'
import { createFileEditor, type RunningGateway } from '../config-editor.ts'
import { loadConfigFiles } from '../config-files.ts'
import { createSecrets } from '../environment.ts'
import { readLiveRunFiles, type RunFile } from '../run-file.ts'
import { StoreFileError } from '../sqlite-file.ts'
import { openStores, type OpenStores } from '../stores.ts'
import { withLocalKeys } from '../vault/local-secrets.ts'
import { CommandFailure, exitCodes } from './failure.ts'
import { callGateway } from './gateway-client.ts'

/** A configuration that was refused, with everything that is wrong with it. */
export class ConfigRefused extends CommandFailure {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('config_refused', `the configuration was refused: ${problems.map(problemText).join('; ')}`, {
      exit: exitCodes.refused,
    })
    this.problems = problems
  }
}

/** Runs on the configuration `source`. Throws `ConfigRefused`, or a failure of the stores. */
export async function runInProcess(operation: Operation, input: unknown, source: string): Promise<Envelope> {
  const loaded = await loadConfigFiles(source)
  if (!loaded.ok) throw new ConfigRefused(loaded.problems)
  const { snapshot } = loaded
  const needsStores = operation.needsStores === true || operation.needsUpstream === true
  const opened = needsStores ? await openStoresOrFail(snapshot) : undefined
  const editor = createFileEditor(source, operation.tier === 'read' ? undefined : await gatewayOn(source))
  try {
    const local = withLocalKeys(createSecrets(loaded.secrets))
    const run = { operation, input, snapshot, secrets: local.secrets, editor, stores: opened?.stores ?? unopened }
    const envelope = operation.needsUpstream === true ? await runUpstream(run) : await runOn(run)
    const refusal = local.refusal()
    if (refusal !== undefined) throw new CommandFailure('key_file_refused', refusal, { exit: exitCodes.refused })
    const isForgotten = operation.needsStores === true && snapshot.storage.kind === 'memory'
    return isForgotten ? withMemoryWarning(envelope) : envelope
  } finally {
    await opened?.close()
  }
}

/** The gateway of this machine that goes by a file. */
async function gatewayOn(source: string): Promise<RunningGateway | undefined> {
  const path = resolve(source)
  const run = (await readLiveRunFiles()).find(({ config }) => config === path)
  return run === undefined ? undefined : { name: `the gateway on ${run.url}`, reload: () => reloadAt(run) }
}

async function reloadAt({ url, token }: RunFile): Promise<Outcome<unknown>> {
  try {
    const envelope = await callGateway({ url, token }, gatewayReload, {})
    return envelope.ok ? ok(envelope.data) : failed('invalid_configuration', { message: envelope.error.message })
  } catch (cause) {
    return failed('internal', { message: cause instanceof Error ? cause.message : 'it cannot be reached', cause })
  }
}

/** Runs what needs no configuration. */
export async function runNowhere(operation: Operation, input: unknown): Promise<Envelope> {
  const compiled = compileConfig({ document: {} })
  if (!compiled.ok) throw new ConfigRefused(compiled.problems)
  const { snapshot } = compiled
  return runOn({ operation, input, snapshot, secrets: createSecrets(compiled.secrets), stores: unopened })
}

interface Run {
  readonly operation: Operation
  readonly input: unknown
  readonly snapshot: Snapshot
  readonly secrets: Secrets
  readonly stores: Stores
  readonly editor?: ConfigEditor
}

async function runOn({ operation, input, snapshot, secrets, stores, editor }: Run): Promise<Envelope> {
  const surface = { ports: { clock: systemClock, secrets, stores }, status: undefined, editor }
  return answerOf(operation, operationContext(surface, snapshot, { isPrivileged: true }), input)
}

async function runUpstream({
  operation,
  input,
  editor,
  ...run
}: Run & Required<Pick<Run, 'editor'>>): Promise<Envelope> {
  const { withUpstream } = await import('./upstream.ts')
  return withUpstream({ ...run, editor }, (context) => answerOf(operation, context, input))
}

async function answerOf(operation: Operation, context: OperationContext, input: unknown): Promise<Envelope> {
  const { envelope, error } = await runOperation(operation, context, input)
  // On this machine the person at the terminal may know the cause, and nobody else sees it.
  if (error?.code !== 'internal' && error?.code !== 'store_unavailable') return envelope
  throw new CommandFailure(error.code, `${error.message}${causeText(error.cause)}`, { cause: error.cause })
}

function causeText(cause: unknown): string {
  return cause instanceof Error ? ` (${cause.message.split('\n')[0]})` : ''
}

/** Opens the stores of a configuration. Throws `CommandFailure`. */
export async function openStoresOrFail(snapshot: Snapshot): Promise<OpenStores> {
  try {
    return await openStores(snapshot.storage)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'the store cannot be opened'
    const isRule = cause instanceof StoreFileError && refusals.has(cause.problem)
    if (isRule) throw new CommandFailure('store_refused', message, { exit: exitCodes.refused, cause })
    throw new CommandFailure('store_unavailable', message, { cause })
  }
}

const refusals: ReadonlySet<string> = new Set(['mode', 'owner', 'directory', 'not_a_file'])

// A verb that says it needs no stores and uses them is a bug that should show at once.
const unopened: Stores = {
  get config(): never {
    throw new Error('the stores were not opened')
  },
  get coordination(): never {
    throw new Error('the stores were not opened')
  },
  get ledger(): never {
    throw new Error('the stores were not opened')
  },
  get state(): never {
    throw new Error('the stores were not opened')
  },
  get vault(): never {
    throw new Error('the stores were not opened')
  },
}

function withMemoryWarning(envelope: Envelope): Envelope {
  if (!envelope.ok) return envelope
  const warning = 'this configuration keeps its records in memory, where only the running gateway can see them'
  return { ...envelope, warnings: [...(envelope.warnings ?? []), warning] }
}
