// How a secret may be spelled in somebody else's text: as it is, encoded, or escaped. Pure.

/** Shorter secrets are not searched for: they would be found everywhere. */
export const minSecretLength = 8

const encoder = new TextEncoder()

/** Every spelling of a secret that is searched for, each once and at least `minSecretLength` long. */
export function formsOf(secret: string): readonly string[] {
  const forms = new Set<string>()
  for (const part of partsOf(secret)) {
    const bytes = encoder.encode(part)
    for (const form of [part, ...escaped(part), ...base64Forms(bytes), ...hexForms(bytes)])
      if (form.length >= minSecretLength) forms.add(form)
  }
  return [...forms]
}

/**
 * What is secret in a secret that is a document: a service account's JSON and a PEM file are found again by their long
 * words, because whoever echoes them seldom echoes them as a whole.
 */
function partsOf(secret: string): readonly string[] {
  if (!/[\s{]/.test(secret.trim())) return [secret]
  const account = serviceAccountParts(secret)
  if (account !== undefined) return account
  const unescaped = secret.replaceAll(String.raw`\n`, '\n')
  return [secret, ...unescaped.split(/[\s"',:;{}[\]]+/).filter((word) => word.length >= 20 && !isPlainWord(word))]
}

/** The key in a service account's file, as a whole and by its lines, and its id: everybody may know the rest of the file. */
function serviceAccountParts(secret: string): readonly string[] | undefined {
  const pem = /"private_key"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(secret)?.[1]
  if (pem?.includes('PRIVATE KEY-----') !== true) return undefined
  const id = /"private_key_id"\s*:\s*"([^"\\]*)"/.exec(secret)?.[1] ?? ''
  const key = pem
    .replaceAll(/(?:\\r)?\\n/g, '\n')
    .replaceAll(/-----[A-Z ]+-----/g, '')
    .trim()
  return [key, ...key.split(/\s+/), id]
}

/** Names, addresses of well-known servers and the like: nothing that was drawn at random. */
function isPlainWord(word: string): boolean {
  return !/\d/.test(word) || /^\/\/|@|\.com\b/.test(word)
}

function escaped(text: string): readonly string[] {
  const whole = text.toWellFormed()
  const loose = encodeURIComponent(whole)
  // RFC 3986 escapes these too. https://www.rfc-editor.org/rfc/rfc3986#section-2.2
  const percent = loose.replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  const json = JSON.stringify(text).slice(1, -1)
  return [
    loose,
    // As a form: a blank is a plus.
    new URLSearchParams([['', whole]]).toString().slice(1),
    percent,
    percent.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    encodeURI(whole),
    json,
    json.replaceAll('/', String.raw`\/`),
    // Go's encoder writes these so, to be safe inside of HTML.
    json.replaceAll(/[&<>]/g, (sign) => String.raw`\u00${sign.charCodeAt(0).toString(16)}`),
    html(text, '&#34;', '&#39;'),
    html(text, '&quot;', '&#x27;'),
  ]
}

function html(text: string, quote: string, apostrophe: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', quote)
    .replaceAll("'", apostrophe)
}

/**
 * The secret inside of longer base64 (`Basic base64(user:secret)`): its characters depend on where it begins among groups
 * of three bytes, so there are three spellings; those at its ends that its neighbours decide are left out.
 */
function base64Forms(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const shifted = new Uint8Array(before + bytes.length)
    shifted.set(bytes, before)
    const text = base64Of(shifted).replaceAll('=', '')
    const decided = Math.floor((shifted.length * 8) / 6)
    const inner = text.slice(Math.ceil((before * 8) / 6), decided)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

function hexForms(bytes: Uint8Array): readonly string[] {
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return [hex, hex.toUpperCase()]
}
