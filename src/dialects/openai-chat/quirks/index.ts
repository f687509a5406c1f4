// What the gateway does about compatible providers, on the way to them and back: data from `Traits`, no vendor's name.
export { applyEdits, fitRequest, type FittedRequest } from './fit-request.ts'
export { createNormaliser } from './normaliser.ts'
export { normaliseResponse } from './normalise-response.ts'
