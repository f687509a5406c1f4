// Why an answer of blocks ended: the wires of blocks say it in words of their own, and none of them is believed against
// the content.
import type { Finish, FinishClass } from '../../ir/response.ts'
import type { BlockReport } from './block-queue.ts'

/** The class that the content bears out. */
export function classByContent(said: FinishClass, calledTool: boolean): FinishClass {
  if (calledTool) return isPlain(said) ? 'tool' : said
  return said === 'tool' ? 'stop' : said
}

/** What a client is told; an answer without a finish ended as its content says. */
export function toldClass(
  finish: Finish | undefined,
  { calledTool, refused }: Pick<BlockReport, 'calledTool' | 'refused'>,
): FinishClass {
  const said = classByContent(finish?.class ?? 'stop', calledTool)
  return refused && isPlain(said) ? 'filter' : said
}

function isPlain(said: FinishClass): boolean {
  return said === 'stop' || said === 'other'
}
