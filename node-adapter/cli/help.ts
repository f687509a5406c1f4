// Help, made from the same table as the commands themselves.
import { globalFlags, placeFlags, type Command } from './commands.ts'
import type { Flag } from './flags.ts'
import { wrap } from './fit.ts'
import { renderTable } from './render.ts'
import type { Painter } from './terminal.ts'

const program = 'signalbox'

/** All verbs, each with its sentence. */
export function overview(commands: readonly Command[], painter: Painter): string {
  const rows = commands.map(({ verb, summary }) => ({ verb, summary }))
  const width = Math.max(...rows.map((row) => row.verb.length))
  const table = rows.flatMap(({ verb, summary }) => {
    const [first = '', ...more] = wrap(summary, (painter.width ?? Infinity) - width - 4)
    return [
      `  ${painter.paint('bold', verb.padEnd(width))}  ${first}`,
      ...more.map((line) => `${' '.repeat(width + 4)}${line}`),
    ]
  })
  return [
    `${program} <verb> [flags]`,
    '',
    ...table,
    '',
    `Every verb takes --json. \`${program} help <verb>\` shows its flags.`,
    'Verbs ask the running gateway of this machine where there is one; --config FILE works on a file, --url URL on another gateway.',
    'Exit codes: 0 done, 1 failed, 2 wrong usage, 78 refused by configuration or security rules, 130 interrupted.',
    '',
  ].join('\n')
}

/** One verb with its flags and examples. */
export function helpFor(command: Command, painter: Painter): string {
  const lines = [`${program} ${usageOf(command)}`, '', command.summary, '']
  for (const [title, flags] of flagGroups(command)) {
    if (flags.length === 0) continue
    lines.push(painter.paint('bold', title), ...flagLines(flags, painter), '')
  }
  lines.push(painter.paint('bold', 'Examples'), ...command.examples.map((example) => `  ${program} ${example}`), '')
  return lines.join('\n')
}

/** The verb with its positional arguments. */
export function usageOf(command: Command): string {
  const names = command.positional.map((field) => {
    const flag = command.flags.find((candidate) => candidate.field === field)
    return flag?.required === true ? `<${flag.name}>` : `[${flag?.name ?? field}]`
  })
  if (command.takesWords === true) names.push('[verb]')
  return [command.verb, ...names, '[flags]'].join(' ')
}

/** The flags of a verb as data. */
export function flagData(command: Command): readonly Record<string, unknown>[] {
  return [...command.flags, ...sharedFlags(command)].map((flag) => ({
    flag: `--${flag.name}`,
    kind: flag.kind,
    description: flag.description,
    required: flag.required,
    ...(flag.choices.length > 0 && { choices: flag.choices }),
    ...(flag.preset !== undefined && { default: flag.preset }),
  }))
}

function sharedFlags(command: Command): readonly Flag[] {
  return command.kind === 'operation' ? [...placeFlags, ...globalFlags] : globalFlags
}

function flagGroups(command: Command): readonly (readonly [string, readonly Flag[]])[] {
  return [
    ['Flags', command.flags],
    ['Where it runs', command.kind === 'operation' ? placeFlags : []],
    ['Every verb', globalFlags],
  ]
}

function flagLines(flags: readonly Flag[], painter: Painter): readonly string[] {
  const rows = flags.map((flag) => ({ flag: `  --${flag.name}${valueOf(flag)}`, description: describe(flag) }))
  return renderTable(rows, ['flag', 'description'], painter).slice(1)
}

function valueOf(flag: Flag): string {
  const words: Readonly<Record<Flag['kind'], string>> = {
    switch: '',
    number: ' N',
    text: ' TEXT',
    list: ' TEXT …',
    json: ' JSON|@FILE|-',
  }
  return flag.choices.length > 0 ? ` ${flag.choices.join('|')}` : words[flag.kind]
}

function describe(flag: Flag): string {
  const isPlain = flag.preset === undefined || flag.preset === false || Array.isArray(flag.preset)
  const preset = isPlain ? '' : ` (default ${String(flag.preset)})`
  return `${flag.description}${preset}`
}
