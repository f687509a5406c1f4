import { describeRows } from './run-rows.ts'
import { streamRows, streamSections } from './stream-rows.ts'

describeRows('node', streamRows, { sections: streamSections })
