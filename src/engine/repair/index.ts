// The repair of streams: what the engine uses of this folder.
export type { Graft } from './graft.ts'
export { createMendedSource, type MendedSource } from './mended-source.ts'
export { createRepair, isMended, type Joining, type Repairs, type Tried } from './repair.ts'
export { createTranscript } from './transcript.ts'
