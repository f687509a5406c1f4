import { describeRuntime } from './smoke.ts'

describeRuntime('deno')
