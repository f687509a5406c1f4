import { describeRuntime } from './smoke.ts'

describeRuntime('node')
