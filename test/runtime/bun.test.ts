import { describeRuntime } from './smoke.ts'

describeRuntime('bun')
