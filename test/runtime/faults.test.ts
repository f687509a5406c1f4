// The faults of providers on the runtimes beside Node: the rows of the catalogue that are marked `everywhere`, in the quick
// run a sample of them on one runtime.
import { streamRows, streamSections } from '../faults/stream-rows.ts'
import { describeRows } from '../faults/run-rows.ts'
import { upstreamRows } from '../faults/upstream-rows.ts'
import { processRuntimes, sample } from '../support/full-run.ts'

const rows = [...upstreamRows, ...streamRows].filter((row) => row.everywhere === true)
const shown = sample(rows, 6)
const runtimes = processRuntimes('faults of providers', ['bun', 'deno', 'workerd'])

for (const runtime of runtimes) describeRows(runtime, shown, { sections: streamSections })
