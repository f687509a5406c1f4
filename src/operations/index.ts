// The operations, one line each. A test fails when a file that defines one is missing here.
import { clientProfiles } from './client-profiles.ts'
import { accountsList } from './accounts-list.ts'
import { accountsReset } from './accounts-reset.ts'
import { configSchemaOperation } from './config-schema.ts'
import { configShow } from './config-show.ts'
import { configValidate } from './config-validate.ts'
import { credentialsAudit } from './credentials-audit.ts'
import { credentialsCheck } from './credentials-check.ts'
import { credentialsList } from './credentials-list.ts'
import { doctor } from './doctor.ts'
import { gatewayReload } from './gateway-reload.ts'
import { health } from './health.ts'
import { healthTargets } from './health-targets.ts'
import type { Operation } from './operation.ts'
import { providerAdd } from './provider-add.ts'
import { providerCertifyAll } from './provider-certify-all.ts'
import { providerCertify } from './provider-certify.ts'
import { providerModels } from './provider-models.ts'
import { providerPresets } from './provider-presets.ts'
import { providerReset } from './provider-reset.ts'
import { providerShow } from './provider-show.ts'
import { providerStatus } from './provider-status.ts'
import { providerSyncModels } from './provider-sync-models.ts'
import { providerTest } from './provider-test.ts'
import { providersList } from './providers-list.ts'
import { routePreview } from './route-preview.ts'
import { routesList } from './routes-list.ts'
import { routesShow } from './routes-show.ts'
import { status } from './status.ts'
import { traceList } from './trace-list.ts'
import { traceReplay } from './trace-replay.ts'
import { traceShow } from './trace-show.ts'
import { translate } from './translate.ts'
import { vaultList } from './vault-list.ts'
import { vaultRewrap } from './vault-rewrap.ts'
import { vaultRm } from './vault-rm.ts'
import { vaultSet } from './vault-set.ts'

/** Every operation, in the order in which help shows them. */
export const operations: readonly Operation[] = [
  status,
  health,
  healthTargets,
  gatewayReload,
  routesList,
  routesShow,
  routePreview,
  translate,
  providersList,
  providerShow,
  providerPresets,
  providerAdd,
  providerModels,
  providerSyncModels,
  providerStatus,
  providerReset,
  providerTest,
  providerCertify,
  providerCertifyAll,
  accountsList,
  accountsReset,
  clientProfiles,
  doctor,
  traceList,
  traceShow,
  traceReplay,
  credentialsList,
  credentialsCheck,
  credentialsAudit,
  vaultList,
  vaultSet,
  vaultRm,
  vaultRewrap,
  configValidate,
  configShow,
  configSchemaOperation,
]
