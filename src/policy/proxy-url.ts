// The address of a proxy. Pure: used where the file is read, and again where one came from a variable.

/**
 * Why a URL cannot be the address of a proxy; undefined where it can. Names no part of it, which may be a password.
 * Only `http:` is spoken to a proxy: what goes through it is encrypted from end to end, the CONNECT line is not.
 */
export function proxyUrlProblem(url: URL): string | undefined {
  if (url.protocol === 'https:') return 'proxies are spoken to over http: what goes through them stays encrypted'
  if (url.protocol !== 'http:') return 'expected "http://host:port"'
  if (url.hostname === '') return 'expected "http://host:port"'
  if (url.pathname !== '/' || url.href.includes('?')) return 'the address of a proxy has no path and no query'
  if (url.href.includes('#')) return 'the address of a proxy has no fragment'
  if (!isEscaped(url.username) || !isEscaped(url.password)) return 'the user name or password holds a broken escape'
  return undefined
}

function isEscaped(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
