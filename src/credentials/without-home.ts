// Messages about files may reach a client, whom the name of this user is no business of.

/** The text with `~/` for this user's folder, but where a shell would then not find the file. */
export function withoutHome(text: string, home: string | null): string {
  if (home === null) return text
  return text.replaceAll(`${home}/`, (found, at: number) => (text[at - 1] === "'" ? found : '~/'))
}
