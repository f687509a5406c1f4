// Names of models and what Bedrock calls them, as AWS and Anthropic have them in their tables.
// https://platform.claude.com/docs/en/build-with-claude/claude-on-amazon-bedrock-legacy
// https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-cards.html

const arn = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdef123456'

/** Name, region, id. */
export const modelIds: readonly (readonly [name: string, region: string, id: string])[] = [
  ['claude-3-5-sonnet-20241022', 'us-east-1', 'anthropic.claude-3-5-sonnet-20241022-v2:0'],
  ['claude-3-5-sonnet-20240620', 'eu-central-1', 'anthropic.claude-3-5-sonnet-20240620-v1:0'],
  ['claude-3-haiku-20240307', 'us-east-1', 'anthropic.claude-3-haiku-20240307-v1:0'],
  ['claude-sonnet-4-5', 'us-east-1', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
  ['claude-sonnet-4-5-20250929', 'eu-west-1', 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0'],
  ['claude-sonnet-4-5', 'ap-northeast-1', 'jp.anthropic.claude-sonnet-4-5-20250929-v1:0'],
  ['claude-sonnet-4-5', 'ap-southeast-2', 'au.anthropic.claude-sonnet-4-5-20250929-v1:0'],
  ['claude-sonnet-4-5', 'us-gov-west-1', 'us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0'],
  // No profile of that part of the world: the one for all of it.
  ['claude-haiku-4-5', 'ap-south-1', 'global.anthropic.claude-haiku-4-5-20251001-v1:0'],
  ['claude-opus-4-5', 'sa-east-1', 'global.anthropic.claude-opus-4-5-20251101-v1:0'],
  ['claude-sonnet-4-20250514', 'ap-south-1', 'apac.anthropic.claude-sonnet-4-20250514-v1:0'],
  ['claude-3-7-sonnet-20250219', 'eu-west-1', 'eu.anthropic.claude-3-7-sonnet-20250219-v1:0'],
  ['claude-opus-4-1', 'us-west-2', 'us.anthropic.claude-opus-4-1-20250805-v1:0'],
  // Nothing serves it there; the service says so best.
  ['claude-opus-4-1', 'eu-west-1', 'anthropic.claude-opus-4-1-20250805-v1:0'],
  ['claude-opus-4-6', 'us-east-1', 'us.anthropic.claude-opus-4-6-v1'],
  ['claude-sonnet-4-6', 'us-east-1', 'us.anthropic.claude-sonnet-4-6'],
  ['claude-opus-4-8', 'ap-southeast-2', 'au.anthropic.claude-opus-4-8'],
  ['claude-opus-5', 'ap-northeast-1', 'global.anthropic.claude-opus-5'],
  ['claude-opus-5', 'us-gov-west-1', 'us-gov.anthropic.claude-opus-5'],
  ['claude-opus-5-5', 'ap-northeast-1', 'jp.anthropic.claude-opus-5-5'],
  ['claude-sonnet-5-5', 'us-west-2', 'us.anthropic.claude-sonnet-5-5'],
  // What came after the table: by the rule, and by a profile, as nothing newer answers without one.
  ['claude-fable-5-1', 'eu-west-1', 'eu.anthropic.claude-fable-5-1'],
  ['claude-opus-7', 'us-east-1', 'us.anthropic.claude-opus-7'],
  ['claude-opus-7', 'sa-east-1', 'global.anthropic.claude-opus-7'],
  ['claude-haiku-4-5', 'us-gov-west-1', 'anthropic.claude-haiku-4-5-20251001-v1:0'],
  // Of other makers, by the middle of the id.
  ['nova-pro', 'eu-west-1', 'eu.amazon.nova-pro-v1:0'],
  ['nova-2-lite', 'ap-northeast-1', 'jp.amazon.nova-2-lite-v1:0'],
  ['nova-2-lite', 'ap-south-1', 'global.amazon.nova-2-lite-v1:0'],
  ['nova-micro', 'us-gov-west-1', 'amazon.nova-micro-v1:0'],
  ['llama4-scout-17b-instruct', 'us-east-1', 'us.meta.llama4-scout-17b-instruct-v1:0'],
  ['pixtral-large-2502', 'eu-central-1', 'eu.mistral.pixtral-large-2502-v1:0'],
  ['command-r-plus', 'us-east-1', 'cohere.command-r-plus-v1:0'],
  ['jamba-1-5-mini', 'us-east-1', 'ai21.jamba-1-5-mini-v1:0'],
  ['claude-sonnet-4-5@20250929', 'us-east-1', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
  // As they are.
  ['anthropic.claude-3-5-sonnet-20241022-v2:0', 'us-east-1', 'anthropic.claude-3-5-sonnet-20241022-v2:0'],
  ['us.anthropic.claude-opus-4-1-20250805-v1:0', 'eu-west-1', 'us.anthropic.claude-opus-4-1-20250805-v1:0'],
  ['global.amazon.nova-2-lite-v1:0', 'us-east-1', 'global.amazon.nova-2-lite-v1:0'],
  ['meta.llama3-1-70b-instruct-v1:0', 'us-east-1', 'meta.llama3-1-70b-instruct-v1:0'],
  [arn, 'us-east-1', arn],
]
