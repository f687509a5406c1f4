// Every quirk by its name.
import type { QuirkName } from '../../../ir/traits.ts'
import { argumentsNotText, toolFragmentEmpties, toolIdMissing, toolIndex, toolTypeMissing } from './calls.ts'
import { finishForeign, finishLies, finishMissing, finishRepeated } from './finish.ts'
import { headUnsound, idChanges } from './head.ts'
import { contentParts, membersMissing, messageBesideDelta, placeholderMembers, reasoningSpelling } from './message.ts'
import type { Quirk } from './quirk.ts'
import { cachedExceedsPrompt, reasoningExcluded, usageRepeated } from './usage.ts'

export const quirkTable: Readonly<Record<QuirkName, Quirk>> = {
  members_missing: membersMissing,
  message_beside_delta: messageBesideDelta,
  head_unsound: headUnsound,
  id_changes: idChanges,
  content_parts: contentParts,
  reasoning_spelling: reasoningSpelling,
  placeholder_members: placeholderMembers,
  tool_index: toolIndex,
  tool_fragment_empties: toolFragmentEmpties,
  tool_type_missing: toolTypeMissing,
  tool_id_missing: toolIdMissing,
  arguments_not_text: argumentsNotText,
  finish_foreign: finishForeign,
  finish_lies: finishLies,
  finish_repeated: finishRepeated,
  finish_missing: finishMissing,
  usage_repeated: usageRepeated,
  reasoning_excluded: reasoningExcluded,
  cached_exceeds_prompt: cachedExceedsPrompt,
}
