/**
 * A provider's base URL and a dialect's path as one URL. A base that ends in `/v1` and a path that begins with `/v1/`
 * share it; a query of the base (Azure's `api-version`) stays behind the path. Nothing else is rewritten.
 */
export function joinUrl(base: string, path: string): string {
  const question = base.indexOf('?')
  const query = question < 0 ? '' : base.slice(question)
  const trimmed = (question < 0 ? base : base.slice(0, question)).replace(/\/+$/, '')
  const tail = trimmed.endsWith('/v1') && path.startsWith('/v1/') ? path.slice(3) : path
  return trimmed + tail + query
}
