import { sample } from '../support/full-run.ts'
import { describeRows } from './run-rows.ts'
import { upstreamRows } from './upstream-rows.ts'

describeRows('node', sample(upstreamRows, 24))
