// How a command ends badly: a stable code, a message for people, and the exit code of the contract.

export const exitCodes = { ok: 0, failure: 1, usage: 2, refused: 78, interrupted: 130 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A failure of the command line itself; the gateway's own errors travel in envelopes. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly code: string
  readonly exit: ExitCode
  readonly param: string | undefined

  constructor(
    code: string,
    message: string,
    options: { readonly exit?: ExitCode; readonly param?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.exit = options.exit ?? exitCodes.failure
    this.param = options.param
  }
}

/** The command was not written as it has to be: exit 2. */
export function usageFailure(code: string, message: string, param?: string): CommandFailure {
  return new CommandFailure(code, message, { exit: exitCodes.usage, ...(param !== undefined && { param }) })
}
