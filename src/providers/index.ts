// The registry of vendors that need code: one line each. A test fails when a folder is missing here.
import { azure } from './azure/index.ts'
import { bedrock } from './bedrock/index.ts'
import { mock } from './mock/index.ts'
import type { Provider } from './provider.ts'
import { vertex } from './vertex/index.ts'

/** Vendors by the configuration's `type`; a type that is only data is not here. */
export const providers: Readonly<Record<string, Provider | undefined>> = { azure, bedrock, mock, vertex }
