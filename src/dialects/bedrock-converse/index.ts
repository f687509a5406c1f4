// The Bedrock Converse wire, both directions. Only the registry and tests import this; everything else stays inside.
// No client speaks it to Signalbox, so it owns no path; all the same it can be read and written from either end.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import type { Dialect } from '../dialect.ts'
import { joinOpaque } from './block-reader.ts'
import { tokenCounting } from './count-tokens.ts'
import { decodeRequest } from './decode-request.ts'
import { decodeResponse, inspectResponse } from './decode-response.ts'
import { createStreamDecoder } from './decode-stream.ts'
import { encodeRequest } from './encode-request.ts'
import { encodeResponse } from './encode-response.ts'
import { createStreamEncoder } from './encode-stream.ts'
import { decodeError, encodeError, encodeStreamError } from './errors.ts'
import { facts } from './facts.ts'
import { createStreamGrammar } from './grammar.ts'
import { retarget } from './retarget.ts'
import { createStreamTap } from './tap.ts'

export const bedrockConverse: Dialect = {
  id: 'bedrock-converse',
  endpoints: [],
  forwardHeaders: [],
  facts,
  retarget,
  // Every answer of this wire has its usage.
  usageEdits: () => [],
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  streamDecoder: createStreamDecoder,
  joinOpaque,
  streamEncoder: createStreamEncoder,
  streamTap: createStreamTap,
  grammar: createStreamGrammar,
  inspectResponse,
  decodeError,
  encodeError,
  encodeStreamError,
  tokenCounting,
}
