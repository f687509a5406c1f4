// What the file says that a provider, a model or a route can do, in the words of the snapshot.
import type { TargetCapabilities } from './capabilities.ts'
import type { ProviderConfig } from './schema.ts'

type Stated = { readonly [K in keyof ProviderConfig['capabilities']]?: ProviderConfig['capabilities'][K] }

/** Stated capabilities; what is not stated is absent. */
export function capabilitiesOf(stated: Stated): TargetCapabilities {
  const named = {
    streaming: stated.streaming,
    tools: stated.tool_calling,
    images: stated.vision_in,
    imageSources: stated.vision_sources,
    audio: stated.audio_in,
    files: stated.file_in,
    jsonSchema: stated.json_schema,
    reasoning: stated.reasoning_summary,
    imageOutput: stated.image_out,
    serverTools: stated.server_tools,
    assistantPrefill: stated.assistant_prefill,
    parallelToolCalls: stated.parallel_tool_calls,
    maxContextTokens: stated.max_context_tokens,
    maxOutputTokens: stated.max_output_tokens,
  }
  // Absent members are unknown, so they have to stay absent.
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
}
