/** The media type of a `content-type` value, lower case and without parameters; `''` where absent. */
export function mediaType(contentType: string | null): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
