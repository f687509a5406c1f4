import { defineConfig } from 'vitest/config'

// Suites of the core leave nothing behind, so their files share what they load; that halves their time.
const folders =
  'auth,catalog,conformance,dialects,egress,engine,http,ir,matrix,operations,policy,providers,redaction,sealing,wire'
const core = [`test/{${folders}}/**/*.test.ts`]

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Suites start real servers and real runtimes; two cores do not gain from more.
    maxWorkers: 2,
    // Prints the conformance suite's two tables at the end.
    globalSetup: ['test/conformance/summary.ts'],
    projects: [
      { extends: true, test: { name: 'core', include: core, isolate: false } },
      { extends: true, test: { name: 'whole', include: ['test/**/*.test.ts'], exclude: core } },
    ],
  },
})
