// State that has to come back: what the engine uses of this folder.
export { holdsEnvelope } from './envelope.ts'
export { createStateKeeper, type StateKeeper } from './keeper.ts'
export { keyringName, keyringProblem, openKeyring, type Keyring } from './keyring.ts'
export { realmOf, type Origin } from './realm.ts'
export { refusesState } from './refusal.ts'
export { restoreState, type Restored } from './restore.ts'
export { sealAnswer, type SealOptions } from './seal-answer.ts'
export { createStreamSealer, type StreamSealer } from './seal-stream.ts'
