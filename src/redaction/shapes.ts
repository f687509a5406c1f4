// What a key looks like, whoever it belongs to: the prefixes that vendors give to theirs, and the places where keys stand.
// Owns patterns only; keys that are known by value are `scrubber.ts`.

/** What stands in the place of whatever was taken out. */
export const redacted = '[redacted]'

const token = '[A-Za-z0-9_\\-]'

/** Prefixes of keys, each with as much behind it as tells a key from a word. */
const prefixed = [
  // OpenAI, Anthropic, OpenRouter, DeepSeek and others; the longest family of all.
  `sk-${token}{8,}`,
  // Google: API keys, OAuth access tokens, refresh tokens, client secrets.
  `AIza${token}{16,}`,
  'ya29\\.[A-Za-z0-9._\\-]{8,}',
  `1//0${token}{16,}`,
  `GOCSPX-${token}{8,}`,
  // AWS access key ids: long-term and temporary.
  '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}',
  // Our own keys and run tokens.
  `sbx_${token}{8,}`,
  `gsk_${token}{8,}`,
  `xai-${token}{8,}`,
  `hf_${token}{8,}`,
  `nvapi-${token}{8,}`,
  `r8_${token}{8,}`,
  `pplx-${token}{8,}`,
  `fw_${token}{16,}`,
  `csk-${token}{8,}`,
  `tgp_v1_${token}{8,}`,
  // HashiCorp Vault: service, batch and recovery tokens.
  `hv[sbr]\\.${token}{8,}`,
  `gh[pousr]_${token}{8,}`,
  `github_pat_${token}{8,}`,
  'AGE-SECRET-KEY-1[A-Z0-9]{16,}',
  // JSON Web Tokens, which begin with {" in base64.
  `eyJ${token}{10,}(?:\\.${token}*){0,2}`,
]

/** Prefixes, where they are not the middle of a longer word. */
const prefixedPattern = new RegExp(`(?<![A-Za-z0-9_])(?:${prefixed.join('|')})`, 'g')

/** `Authorization: Bearer …` and its kin, in text and in JSON. Every repetition is bounded: others write these texts. */
const schemePattern =
  /\b(bearer|basic|x-api-key|x-goog-api-key|api-key)((?:\\?["'])?\s{0,4}[:=]?\s{0,4}(?:\\?["'])?)(?=[A-Za-z._~+/=-]{0,128}\d|[A-Za-z._~+/-]{0,128}=)[A-Za-z0-9._~+/=-]{8,}/gi

/** A parameter of a URL or a form that carries a key. Escapes are taken whole: JSON stays JSON. */
const parameterPattern =
  /((?:^|[?&\s"'(;])(?:key|api[-_]?key|token|access_token|refresh_token|id_token|client_secret|secret|password|sig|signature|x-amz-signature|x-amz-security-token|x-amz-credential)=)((?:[^&\s"'<>)\\]|\\[^\s"']){4,})/gi

/** User and password in a URL: everything between the scheme and the last `@` before the path. */
const userInfoPattern = /\b([a-z][a-z0-9+.-]{1,15}:\/\/)[^\s/?#"'<>]*@/gi

/** To its end, or to the end of what quotes it. */
const pemPattern =
  /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----(?:[^"'<>\\]|\\[^"'])*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|(?=\\?["'<>])|\\?$)/g

/** Any of these has to be there before one of the patterns can match; looking for it is cheaper than trying them. */
const hint =
  /sk-|AIza|ya29\.|1\/\/0|GOCSPX|AKIA|ASIA|ABIA|ACCA|sbx_|gsk_|xai-|hf_|nvapi-|r8_|pplx-|fw_|tgp_|hv[sbr]\.|gh[pousr]_|github_pat_|AGE-SECRET|eyJ|=|:\/\/|bearer|basic|api-key|PRIVATE KEY/i

/** The text without what looks like a key: prefixes of vendors, authorization headers, key parameters, user parts of URLs. */
export function hideShapes(text: string): string {
  if (!hint.test(text)) return text
  return text
    .replaceAll(pemPattern, redacted)
    .replaceAll(userInfoPattern, `$1${redacted}@`)
    .replaceAll(prefixedPattern, redacted)
    .replaceAll(parameterPattern, `$1${redacted}`)
    .replaceAll(schemePattern, `$1$2${redacted}`)
}

/** What was drawn at random and not thought of: long, of both cases and digits; or long and hexadecimal. */
const randomPattern =
  /(?<![A-Za-z0-9])(?:(?=[A-Za-z]*\d[A-Za-z]*\d)(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{16,}|(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{32,}|(?=[A-F]*\d)(?=\d*[A-F])[0-9A-F]{32,})(?![A-Za-z0-9])/g

/**
 * The text without what looks like a key of whatever kind. For words that somebody typed and that may be quoted back to
 * them, where a key may stand that nobody knows yet; names and sentences stay.
 */
export function hideKeyLike(text: string): string {
  return hideShapes(text).replaceAll(randomPattern, redacted)
}
