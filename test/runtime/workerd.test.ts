import { describeRuntime } from './smoke.ts'

describeRuntime('workerd', [
  {
    reason: 'workerd tells nobody that a client left before the first byte; the timers bound the work',
    tests: ['closes the upstream within a second when the client leaves before the first byte'],
  },
])
