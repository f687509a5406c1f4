/**
 * A provider's base URL and a dialect's path as one URL. A version that the base ends in and the path begins with
 * (`/v1`, `/v1beta`) is written once; a query of the base (Azure's `api-version`) stays, behind that of the path.
 * Nothing else is rewritten.
 */
export function joinUrl(base: string, path: string): string {
  const [trunk, baseQuery] = split(base)
  const [tail, pathQuery] = split(path)
  const trimmed = trunk.replace(/\/+$/, '')
  const version = /^\/v\d+[a-z0-9]*(?=\/)/.exec(tail)?.[0]
  const rest = version !== undefined && trimmed.endsWith(version) ? tail.slice(version.length) : tail
  const query = [pathQuery, baseQuery].filter((part) => part !== '').join('&')
  return trimmed + rest + (query === '' ? '' : `?${query}`)
}

function split(text: string): [string, string] {
  const question = text.indexOf('?')
  return question < 0 ? [text, ''] : [text.slice(0, question), text.slice(question + 1)]
}
