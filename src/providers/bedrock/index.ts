// Amazon Bedrock: models of many makers on one wire, in one region or spread over several by a profile.
// https://docs.aws.amazon.com/bedrock/latest/userguide/inference-invoke.html
// https://docs.aws.amazon.com/general/latest/gr/bedrock.html
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { baseUrlAt, type DiscoveryPlace, type Provider } from '../provider.ts'
import { limitsOf } from './families.ts'
import { fitToFamily } from './fit.ts'
import { bedrockId, foundationId } from './models.ts'

export const bedrock: Provider = {
  type: 'bedrock',
  modelId({ model, provider, region, task }) {
    const id = bedrockId(model, { region, profile: provider.inferenceProfile ?? null })
    return task === 'count-tokens' ? foundationId(id) : id
  },
  url(path, place) {
    const base = baseAt(place)
    return base.ok ? ok(base.value + path) : base
  },
  fit: (request, { model, task }) =>
    task === 'count-tokens' && !counts(model)
      ? failed('unsupported_content', { message: 'the model does not count tokens on Bedrock' })
      : fitToFamily(request, model),
  // Models are listed by the service's other face, signed with the same name.
  discovery(place) {
    const base = baseAt(place)
    if (!base.ok) return base
    const control = base.value.replace('://bedrock-runtime', '://bedrock')
    return ok([`${control}/foundation-models?byOutputModality=TEXT`, `${control}/inference-profiles?maxResults=1000`])
  },
}

/** The address in the region; AWS in China has a name of its own. */
function baseAt({ provider, region }: DiscoveryPlace): Outcome<string> {
  const base = baseUrlAt(provider, region)
  if (!base.ok || region?.startsWith('cn-') !== true) return base
  return ok(base.value.replace(/\.amazonaws\.com(?=$|\/)/, '.amazonaws.com.cn'))
}

/** Claude counts, and what is not known may. https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html */
function counts(model: string): boolean {
  return /(?:^|[./])anthropic\./.test(model) || limitsOf(model) === undefined
}
