/** The code of an error of the operating system (`EACCES`); `unknown error` where it has none. Safe to print: never a text. */
export function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'unknown error'
}
