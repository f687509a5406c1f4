// Which maker's model an id stands for, as far as this wire treats them differently.
// https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html

/** `unknown`: an ARN that does not say what is behind it. */
export type Family = 'anthropic' | 'nova' | 'openai' | 'other' | 'unknown'

/** The family of a model id, an inference profile (`us.anthropic.…`) or an ARN that holds one of the two. */
export function familyOf(model: string): Family {
  if (/(?:^|[./])anthropic\./.test(model)) return 'anthropic'
  if (/(?:^|[./])amazon\.nova/.test(model)) return 'nova'
  if (/(?:^|[./])openai\./.test(model)) return 'openai'
  return model.startsWith('arn:') && !/(?:foundation-model|\/inference-profile|:inference-profile)\//.test(model)
    ? 'unknown'
    : 'other'
}

/** Whether the model takes a reasoning effort the way Nova 2 does; Nova 1 does not reason. */
export function isNova2(model: string): boolean {
  return /amazon\.nova-2/.test(model)
}

/** gpt-oss takes OpenAI's flat `reasoning_effort`, its successors the nested record (seen 2026-09). */
export function isGptOss(model: string): boolean {
  return /openai\.gpt-oss/.test(model)
}

/**
 * Whether a cache entry may live for an hour: Claude from 4.5 on. An older one, and every other model, refuses the
 * request for it (seen 2026-02).
 */
export function takesLongCache(model: string): boolean {
  if (familyOf(model) !== 'anthropic') return false
  return !/claude-(?:v\d|instant|3|(?:opus|sonnet)-4-(?:\d{8}|1-))/.test(model)
}
