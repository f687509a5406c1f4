// What the operations get to work with, the same inside a running gateway and on a command line.
import type { Limits, Snapshot } from '../catalog/snapshot.ts'
import type { CredentialKeeper } from '../credentials/keeper.ts'
import type { AnyDialect, WireRequest } from '../dialects/dialect.ts'
import { allDialects, type GenerativeId } from '../dialects/index.ts'
import { liftAuthLocks } from '../engine/auth-locks.ts'
import { withAliases } from '../engine/defaults.ts'
import { translateRequest } from '../engine/translation.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import { failed, GatewayError, ok, type Outcome } from '../ir/error.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type {
  CoordinationControl,
  ConfigEditor,
  OperationContext,
  RuntimeStatus,
  TranslationPreview,
  TranslationRequest,
  UpstreamProbe,
} from '../operations/operation.ts'
import type { Secret } from '../ir/secret.ts'
import type { Ports, Secrets, TraceSink } from '../ports/index.ts'
import { createVaultControl } from '../sealing/vault-control.ts'
import { createScrubber, knownSecrets, type Scrubber } from '../redaction/index.ts'
import { keyringName } from '../sealing/keyring.ts'
import { parseJson } from '../wire/json-parse.ts'
import { readJson } from '../wire/json-scan.ts'

export interface OperationSurface {
  readonly ports: Pick<Ports, 'clock' | 'secrets' | 'stores'>
  /** Takes secrets out of what operations answer; absent: those are looked for that the configuration names. */
  readonly scrubber?: Scrubber | undefined
  /** Absent where no gateway is running. */
  readonly status: (() => RuntimeStatus) | undefined
  /** Absent where nothing can be sent. */
  readonly upstream?: ((snapshot: Snapshot, traces?: TraceSink) => UpstreamProbe) | undefined
  readonly editor?: ConfigEditor | undefined
  /** Absent where the configuration cannot be read again. */
  readonly reload?: OperationContext['reload']
  readonly credentials?: Pick<CredentialKeeper, 'check' | 'drop' | 'states'> | undefined
  /** Absent where no gateway is running. */
  readonly coordination?: CoordinationControl | undefined
}

/** For whom an operation runs. */
export interface OperationCaller {
  readonly isPrivileged: boolean
  /** Where its probes are traced; absent: where the gateway's own requests are. */
  readonly traces?: TraceSink | undefined
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The context of one run, bound to one snapshot. */
export function operationContext(
  { ports, status, upstream, editor, reload, scrubber, credentials, coordination }: OperationSurface,
  snapshot: Snapshot,
  caller?: OperationCaller,
): OperationContext {
  return {
    snapshot,
    stores: ports.stores,
    clock: ports.clock,
    factsOf: (dialect, body) => factsOf(dialect, body, snapshot.server.limits),
    translate: (asked) => translate(asked, snapshot.server.limits),
    status,
    hasSecret: (name) => (ports.secrets.get(name) ?? '') !== '',
    hide: scrubber?.hide ?? hider(snapshot, ports.secrets),
    vault: createVaultControl(ports),
    upstream: upstream?.(snapshot, caller?.traces),
    editor,
    reload,
    coordination,
    isPrivileged: caller?.isPrivileged,
    checkCredential:
      credentials &&
      (async (id) => {
        const checked = await credentials.check(id, snapshot)
        if (checked.ok && coordination !== undefined) await liftAuthLocks(coordination, snapshot, id)
        return checked
      }),
    dropCredential:
      credentials &&
      ((id) => {
        credentials.drop(id)
        if (coordination !== undefined) void liftAuthLocks(coordination, snapshot, id).catch(() => {})
      }),
    credentialStates: credentials && (() => credentials.states()),
  }
}

// A command line reads its variables when something is to be shown, and once. The ring of keys stays where it is: reading it
// may open a file, and no operation shows what seals.
function hider(snapshot: Snapshot, secrets: Secrets): (text: string) => string {
  const named: Secrets = { get: (name) => (name === keyringName ? undefined : secrets.get(name)) }
  let known: readonly Secret[] | undefined
  return createScrubber(() => (known ??= knownSecrets(snapshot, named))).hide
}

// The steps of serving, in its order: scan, aliases, facts.
function factsOf(id: string, body: unknown, limits: Limits): Outcome<RequestFacts> {
  const wire = wireOf(id, body, limits)
  return wire.ok ? wire.value.dialect.facts(wire.value.request) : wire
}

function translate({ from, to, model, body }: TranslationRequest, limits: Limits): Outcome<TranslationPreview> {
  const wire = wireOf(from, body, limits)
  if (!wire.ok) return wire
  const translated = translateRequest(generativeId(from), generativeId(to), wire.value.request, { model })
  if (!translated.ok) return translated
  const { call, ledger } = translated.value
  if (call === undefined) return ok({ ledger })
  return ok({ call: { ...call, body: parseJson(decoder.decode(call.body)) }, ledger })
}

function generativeId(id: DialectId): GenerativeId {
  if (id === 'openai-embeddings') throw new GatewayError('invalid_value', { message: 'holds no conversation' })
  return id
}

interface Wire {
  readonly dialect: AnyDialect
  readonly request: WireRequest
}

function wireOf(id: string, body: unknown, limits: Limits): Outcome<Wire> {
  const known: Readonly<Record<string, AnyDialect>> = allDialects
  const dialect = Object.hasOwn(known, id) ? known[id] : undefined
  if (dialect === undefined) return failed('invalid_value', { message: 'no such dialect', param: 'dialect' })
  const reading = readJson(encoder.encode(JSON.stringify(body)), {
    maxDepth: limits.maxJsonDepth,
    maxKeysPerObject: limits.maxKeysPerObject,
  })
  if (!reading.ok) return failed(reading.fault, { param: 'body' })
  const [endpoint] = dialect.endpoints
  const request: WireRequest = {
    task: endpoint?.task ?? 'generate',
    path: endpoint?.path.replace('{model}', modelIn(reading.document.value)) ?? '/',
    query: new URLSearchParams(),
    headers: new Headers(),
    body: reading.document,
  }
  return ok({ dialect, request: withAliases(request, dialect, limits) })
}

// A wire that carries the model in its path has no member for it; one may be given all the same.
function modelIn(body: Readonly<Record<string, unknown>>): string {
  return typeof body['model'] === 'string' ? body['model'] : 'model'
}
