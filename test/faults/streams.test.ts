import { streamRows, streamSections } from './stream-rows.ts'
import { describeRows } from './run-rows.ts'

describeRows('node', streamRows, { sections: streamSections })
