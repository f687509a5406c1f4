// `doctor` on a command line: what this machine shows, and behind it what a gateway or a configuration says of itself. Goes
// on where another verb would stop: a configuration that is refused is a finding.
import type { z } from 'zod'
import { doctor, type Check } from '../../src/operations/doctor.ts'
import type { Envelope } from '../../src/operations/operation.ts'
import { adminKeyName, refusedKeys } from '../cli/gateway-client.ts'
import { asFailure, successEnvelope } from '../cli/output.ts'
import { choosePlace, type PlaceFlags } from '../cli/place.ts'
import { runVerb } from '../cli/run-verb.ts'
import { loadConfigFiles } from '../config-files.ts'
import { createSecrets } from '../environment.ts'
import { configurationChecks, keyFileCheck, portCheck, proxyChecks, runtimeChecks, storeOpens } from './local-checks.ts'

export interface DoctorRun {
  readonly input: z.output<typeof doctor.input>
  readonly place: PlaceFlags
  /** Told where it looks, before it does. */
  readonly onPlace?: ((label: string) => void) | undefined
}

/** Every check as one envelope; a check that fails makes none of them go away. */
export async function runDoctor({ input, place, onPlace }: DoctorRun): Promise<Envelope> {
  const chosen = await choosePlace('anywhere', place)
  onPlace?.(chosen.label)
  const checks = await runtimeChecks()
  if (chosen.kind === 'in-process') checks.push(...(await localChecks(chosen.source, input.online)))
  const isUsable = !checks.some(({ name, status }) => status === 'fail' && blocking.has(name))
  if (isUsable) checks.push(...(await operationChecks(input, chosen.again)))
  return successEnvelope(doctor.verb, withoutRepeats(checks))
}

/** Without these there is nothing that the operation could look at. */
const blocking: ReadonlySet<string> = new Set(['configuration', 'store file'])

async function localChecks(source: string, online: boolean): Promise<Check[]> {
  const loaded = await loadConfigFiles(source)
  const checks = configurationChecks(source, loaded)
  if (!loaded.ok) return checks
  const secrets = createSecrets(loaded.secrets)
  const { snapshot } = loaded
  checks.push(keyFileCheck(secrets), await storeOpens(snapshot), await portCheck(snapshot))
  return online ? [...checks, ...(await proxyChecks(snapshot, secrets))] : checks
}

async function operationChecks(input: DoctorRun['input'], place: PlaceFlags): Promise<readonly Check[]> {
  try {
    const envelope = await runVerb({ operation: doctor, input, place })
    if (envelope.ok) return doctor.output.parse(envelope.data)
    const { code, message } = envelope.error
    return [
      failed(message, refusedKeys.has(code) ? `put a key of role operator or admin into ${adminKeyName}` : undefined),
    ]
  } catch (cause) {
    return [failed(asFailure(cause).message)]
  }
}

function failed(message: string, next = 'start it with `signalbox serve`, or use --config'): Check {
  return { name: 'gateway', status: 'fail', message, next }
}

// A store that opened also answers, and the key file says more than whether there is a key.
function withoutRepeats(checks: readonly Check[]): readonly Check[] {
  const opened = checks.some(({ name, status }) => name === 'store file' && status === 'ok')
  const hasKeyFile = checks.some(({ name }) => name === 'key file')
  return checks.filter(
    ({ name, status }) => !(opened && name === 'store' && status === 'ok') && !(hasKeyFile && name === 'sealing key'),
  )
}
