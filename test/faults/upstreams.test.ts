import { describeRows } from './run-rows.ts'
import { upstreamRows } from './upstream-rows.ts'

describeRows('node', upstreamRows)
