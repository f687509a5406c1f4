// The operations, one line each. A test fails when a file that defines one is missing here.
import { configSchemaOperation } from './config-schema.ts'
import { configShow } from './config-show.ts'
import { configValidate } from './config-validate.ts'
import type { Operation } from './operation.ts'
import { providersList } from './providers-list.ts'
import { routePreview } from './route-preview.ts'
import { routesList } from './routes-list.ts'
import { routesShow } from './routes-show.ts'
import { status } from './status.ts'
import { traceList } from './trace-list.ts'
import { traceShow } from './trace-show.ts'
import { translate } from './translate.ts'

/** Every operation, in the order in which help shows them. */
export const operations: readonly Operation[] = [
  status,
  routesList,
  routesShow,
  routePreview,
  translate,
  providersList,
  traceList,
  traceShow,
  configValidate,
  configShow,
  configSchemaOperation,
]
