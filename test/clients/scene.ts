// One meeting of a client and a provider: what a case of the matrix has in hand. Owns the mark, and that nothing illegal
// goes unnoticed on either side.
import { expect } from 'vitest'
import { marked, type Call, type ScriptedProvider, type Told } from './scripted-provider.ts'
import type { Heard, Question, SdkClient } from './sdk-client.ts'
import type { Seen, Wire } from './wires/wire.ts'

export interface Scene {
  readonly client: SdkClient
  readonly wire: Wire
  readonly streamed: boolean
  /** What the provider answers; the first call of it is `calls()[0]`. */
  script(tell: (seen: Seen, call: Call) => Told): void
  /** Asks, and holds both the request and the answer against their wires. */
  ask(question?: Partial<Question>): Promise<Heard>
  count(): Promise<number | undefined>
  calls(): Call[]
  /** What the provider saw in the last request. */
  seen(): Seen
  /** The same client before another provider, where it may go on with what it heard here. */
  moved(wire: Wire): Scene
}

interface SceneOptions {
  readonly make: () => SdkClient
  readonly wire: Wire
  /** The provider's model; by default the one of the wire. */
  readonly model?: string
  readonly streamed: boolean
  readonly provider: ScriptedProvider
  readonly mark: string
  readonly secrets: { readonly gateway: string; readonly upstream: string }
  /** It goes on with what was heard elsewhere, so its requests may not pass as they are. */
  readonly goesOn?: boolean
}

function withModel(wire: Wire, model: string): Wire {
  const [own, wanted] = [encodeURIComponent(wire.model), encodeURIComponent(model)]
  return { ...wire, model, pathOf: (streamed) => wire.pathOf(streamed).replace(own, wanted) }
}

/** Sets up a scene; its mark must be unlike any other's. */
export function createScene(options: SceneOptions): Scene {
  const { make, streamed, provider, mark, secrets, goesOn = false } = options
  const wire = options.model === undefined ? options.wire : withModel(options.wire, options.model)
  const client = make()
  const passes = client.dialect === wire.dialect && !goesOn
  const asked = { model: `${wire.name}/${wire.model}`, text: `What is new? ${marked(mark)}` }
  /** An SDK takes much that is not legal, and fails in its own words where it does not. */
  const judge = (): void => {
    expect(client.faults.join('\n'), 'the stream is legal').toBe('')
    expect(provider.faults(mark).join('\n'), 'the provider would take the request').toBe('')
    if (passes) expectBytes(client, wire, provider.calls(mark))
  }
  return {
    client,
    wire,
    streamed,
    script: (tell) =>
      provider.on(mark, {
        wire,
        streamed,
        passes,
        key: secrets.upstream,
        secret: secrets.gateway,
        tell: (call) => tell(wire.see(call.body), call),
      }),
    ask: (question = {}) => client.ask({ ...asked, ...question }, streamed).finally(judge),
    async count() {
      return client.countTokens?.(asked).finally(judge)
    },
    calls: () => provider.calls(mark),
    seen() {
      const last = provider.calls(mark).at(-1)
      if (last === undefined) throw new Error('the provider was not called')
      return wire.see(last.body)
    },
    moved: (to) => createScene({ ...options, wire: to, mark: `${mark} moved`, goesOn: true }),
  }
}

/** On one wire a request only changes the model's name, and an answer nothing. */
function expectBytes({ exchanges }: SdkClient, wire: Wire, calls: readonly Call[]): void {
  const routed = `"model":"${wire.name}/${wire.model}"`
  const sent = exchanges.map((exchange) => exchange.sent.replace(routed, `"model":"${wire.model}"`))
  expect(calls.map(({ text }) => text)).toEqual(sent)
  calls.forEach(({ answered }, index) => {
    // An SDK may stop reading at the wire's terminal, before the last line break.
    if (answered !== undefined) expect(exchanges[index]?.received().toString().trimEnd()).toBe(answered.trimEnd())
  })
}
