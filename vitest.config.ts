import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Suites start real servers and real runtimes; many of them wait, so a third one fills the gaps of two cores.
    maxWorkers: 3,
    // Prints the conformance suite's two tables at the end.
    globalSetup: ['test/conformance/summary.ts'],
  },
})
