// The event types that this wire defines: the official SDKs throw on any other.
// https://platform.openai.com/docs/api-reference/responses-streaming

/** What happens to items, by the type of item; `''` for events that any item has. */
export const itemEvents: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'message',
    [
      'response.content_part.added',
      'response.content_part.done',
      'response.output_text.delta',
      'response.output_text.done',
      'response.output_text.annotation.added',
      'response.refusal.delta',
      'response.refusal.done',
    ],
  ],
  [
    'reasoning',
    [
      'response.content_part.added',
      'response.content_part.done',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_part.done',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_text.delta',
      'response.reasoning_text.done',
    ],
  ],
  ['function_call', ['response.function_call_arguments.delta', 'response.function_call_arguments.done']],
  ['custom_tool_call', ['response.custom_tool_call_input.delta', 'response.custom_tool_call_input.done']],
  [
    'code_interpreter_call',
    [
      'response.code_interpreter_call_code.delta',
      'response.code_interpreter_call_code.done',
      'response.code_interpreter_call.in_progress',
      'response.code_interpreter_call.interpreting',
      'response.code_interpreter_call.completed',
    ],
  ],
  ['web_search_call', statuses('web_search_call', ['in_progress', 'searching', 'completed'])],
  ['file_search_call', statuses('file_search_call', ['in_progress', 'searching', 'completed'])],
  [
    'image_generation_call',
    statuses('image_generation_call', ['in_progress', 'generating', 'partial_image', 'completed']),
  ],
  [
    'mcp_call',
    [
      'response.mcp_call_arguments.delta',
      'response.mcp_call_arguments.done',
      ...statuses('mcp_call', ['in_progress', 'completed', 'failed']),
    ],
  ],
  ['mcp_list_tools', statuses('mcp_list_tools', ['in_progress', 'completed', 'failed'])],
  ['shell_call', statuses('shell_call_command', ['added', 'delta', 'done'])],
  ['shell_call_output', statuses('shell_call_output_content', ['delta', 'done'])],
  ['compaction', ['response.compaction.compacting']],
])

function statuses(name: string, words: readonly string[]): string[] {
  return words.map((word) => `response.${name}.${word}`)
}

/** Events about the answer as a whole, before its end. */
export const lifecycleTypes: ReadonlySet<string> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
])

/** The last word of a stream. */
export const terminalTypes: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
])

/** Every event type that a client of this wire knows. */
export const eventTypes: ReadonlySet<string> = new Set([
  ...lifecycleTypes,
  ...terminalTypes,
  'response.output_item.added',
  'response.output_item.done',
  ...[...itemEvents.values()].flat(),
  'response.audio.delta',
  'response.audio.done',
  'response.audio.transcript.delta',
  'response.audio.transcript.done',
  'keepalive',
  'error',
])
