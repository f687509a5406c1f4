import { full, sample } from '../support/full-run.ts'
import { describeRows } from './run-rows.ts'
import { streamRows, streamSections } from './stream-rows.ts'

describeRows('node', full ? streamRows : sample(streamRows, 24), { sections: streamSections })
