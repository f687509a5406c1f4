import { streamRows, streamSections } from './catalogue-streams.ts'
import { describeRows } from './run-rows.ts'

describeRows('node', streamRows, { sections: streamSections })
