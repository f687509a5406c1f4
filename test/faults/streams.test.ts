import { sample } from '../support/full-run.ts'
import { describeRows } from './run-rows.ts'
import { streamRows, streamSections } from './stream-rows.ts'

describeRows('node', sample(streamRows, 18), { sections: streamSections })
