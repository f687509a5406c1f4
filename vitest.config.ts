import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Suites start real servers and real runtimes; two cores do not gain from more.
    maxWorkers: 2,
    // Prints the conformance suite's two tables at the end.
    globalSetup: ['test/conformance/summary.ts'],
  },
})
