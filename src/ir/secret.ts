// A value that must never leave by accident: whatever prints, joins or serialises it finds its name instead.

/** Holds one secret. `reveal` is for signers and for those who take secrets out of texts; a test knows who they are. */
export class Secret {
  /** What it is called: the id of a credential, the name of a variable. Never a part of the value. */
  readonly name: string
  readonly #value: string

  constructor(name: string, value: string) {
    this.name = name
    this.#value = value
  }

  /** The value itself. */
  reveal(): string {
    return this.#value
  }

  /** Whether there is nothing in it. */
  get isEmpty(): boolean {
    return this.#value === ''
  }

  toString(): string {
    return `[secret:${this.name}]`
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.toPrimitive](): string {
    return this.toString()
  }

  /** What Node, Bun and Deno ask before they print an object. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  [Symbol.for('Deno.customInspect')](): string {
    return this.toString()
  }
}
