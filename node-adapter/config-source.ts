// What `--config` and `SIGNALBOX_CONFIG` may name: the path of a file, or the configuration itself.

/** Whether a source is the text of a configuration, and not the path of a file. */
export function isConfigText(source: string): boolean {
  return source.trimStart().startsWith('{')
}
