// How a provider says that it does not accept the tokens of a history: the request is good, its state is not.
import type { GatewayError } from '../../ir/error.ts'

const texts = [
  // Anthropic: issued by another model, or changed on the way; or missing.
  /invalid [`'"]?signature[`'"]? in [`'"]?thinking/i,
  /thinking(?:[`'"]? blocks?|\.signature)\b.{0,60}(?:required|cannot be modified|invalid)/i,
  // Gemini and Vertex.
  /(?:corrupted|invalid) thought.?signature/i,
  /thought.?signature is not valid/i,
  /missing a [`'"]?thought_signature/i,
  // OpenAI and Azure.
  /encrypted content .{0,200}could not be (?:verified|decrypted)/i,
  // An item that is asked for by its id alone, in a conversation that was not stored.
  /item with id .{1,100} not found/i,
]

/**
 * Whether an error means that the history's signatures or encrypted reasoning were refused, so that the same request
 * without them may be served.
 */
export function refusesState(error: GatewayError): boolean {
  const { upstream } = error
  if (error.origin !== 'upstream' || upstream === undefined) return false
  if (upstream.code === 'invalid_encrypted_content') return true
  return upstream.message !== undefined && texts.some((text) => text.test(upstream.message ?? ''))
}
