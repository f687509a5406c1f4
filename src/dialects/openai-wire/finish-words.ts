// What the finish reasons of OpenAI-shaped answers mean, whoever says them. Judges no content.
import type { FinishClass } from '../../ir/response.ts'

// The five words of Chat (Completions has three of them), then what compatible providers say instead (Mistral model_length, Together eos,
// z.ai sensitive, proxies of Anthropic and Gemini their own words).
const classes: ReadonlyMap<string, FinishClass> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool'],
  ['function_call', 'tool'],
  ['content_filter', 'filter'],
  ['eos', 'stop'],
  ['eos_token', 'stop'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['completed', 'stop'],
  ['STOP', 'stop'],
  ['COMPLETE', 'stop'],
  ['max_tokens', 'length'],
  ['max_output_tokens', 'length'],
  ['model_length', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['MAX_TOKENS', 'length'],
  ['tool_use', 'tool'],
  ['tool_call', 'tool'],
  ['refusal', 'filter'],
  ['safety', 'filter'],
  ['sensitive', 'filter'],
  ['SAFETY', 'filter'],
  ['guardrail_intervened', 'filter'],
  ['pause_turn', 'pause'],
])

/** The class of a word; `other` for one that is not known. */
export function finishClassOf(word: string): FinishClass {
  return classes.get(word) ?? 'other'
}
