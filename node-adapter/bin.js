#!/usr/bin/env node
// The package's bin: the command line, or a plain word where the runtime is too old to read TypeScript.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 18)) await import('./cli.ts')
else {
  console.error(
    `signalbox needs Node 22.18 or newer, this is ${process.versions.node}; npm scripts bring their own on Linux: npm run -s signalbox -- …`,
  )
  process.exitCode = 1
}
