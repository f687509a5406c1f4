import { full, sample } from '../support/full-run.ts'
import { describeRows } from './run-rows.ts'
import { upstreamRows } from './upstream-rows.ts'

describeRows('node', full ? upstreamRows : sample(upstreamRows, 30))
