// The layer that keeps secrets out of texts: who knows them, how they may be spelled, and what each sink may hold.
export { cleanError } from './error.ts'
export { addressSecrets, knownSecrets } from './known-secrets.ts'
export { guardLog, logFields, type LogGuard } from './log.ts'
export { createScrubber, maxMessageLength, type Scrubber, type UnknownField } from './scrubber.ts'
export { hideShapes, redacted } from './shapes.ts'
export { hideIn, hideInError } from './values.ts'
export { cleanRow, traceDetail } from './trace.ts'
