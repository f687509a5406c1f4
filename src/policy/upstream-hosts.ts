// The hosts that an operator lets the gateway talk to: exact names and globs, read once per list.

/** Why a text cannot stand in `allowed_upstreams`; undefined where it can. */
export function hostGlobProblem(glob: string): string | undefined {
  const host = glob.toLowerCase()
  if (/^\[[\da-f:.]+\]$/.test(host)) return undefined
  if (/[/:@?#]/.test(host)) return 'expected a host name only, without scheme, port and path'
  if (!/^[a-z\d_*](?:[\w*-]*[a-z\d_*])?(?:\.[a-z\d_*](?:[\w*-]*[a-z\d_*])?)*$/.test(host))
    return 'expected a host name such as "api.openai.com", or a glob such as "*.amazonaws.com"'
  // `api.*` would let everybody in who can register a name.
  if (/\*[^.]*$/.test(host)) return 'a "*" may not stand in the last label of a name'
  return undefined
}

/**
 * Whether a host, as the URL parser writes it, is on the list. An empty list names nobody and lets every host pass;
 * `*` stands for any run of characters, dots included.
 */
export function isAllowedHost(host: string, globs: readonly string[]): boolean {
  return globs.length === 0 || matchersOf(globs).some((matches) => matches(host))
}

type Matcher = (host: string) => boolean

const compiled = new WeakMap<readonly string[], readonly Matcher[]>()

function matchersOf(globs: readonly string[]): readonly Matcher[] {
  let matchers = compiled.get(globs)
  if (matchers === undefined) {
    matchers = globs.map(matcherOf)
    compiled.set(globs, matchers)
  }
  return matchers
}

function matcherOf(glob: string): Matcher {
  const lower = glob.toLowerCase()
  if (!lower.includes('*')) return (host) => host === lower
  const [first = '', ...rest] = lower.split('*')
  const last = rest.pop() ?? ''
  return (host) => {
    if (!host.startsWith(first) || !host.endsWith(last) || host.length < first.length + last.length) return false
    const end = host.length - last.length
    let at = first.length
    for (const part of rest) {
      const found = host.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
