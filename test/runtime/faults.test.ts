// The faults of providers on the runtimes beside Node: the rows of the catalogue that are marked `everywhere`, in the quick
// run a sample of them.
import { streamRows, streamSections } from '../faults/stream-rows.ts'
import { describeRows } from '../faults/run-rows.ts'
import { upstreamRows } from '../faults/upstream-rows.ts'
import { full, sample } from '../support/full-run.ts'

const rows = [...upstreamRows, ...streamRows].filter((row) => row.everywhere === true)
const shown = full ? rows : sample(rows, 6)

for (const runtime of ['bun', 'deno', 'workerd'] as const) describeRows(runtime, shown, { sections: streamSections })
