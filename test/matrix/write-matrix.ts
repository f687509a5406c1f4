// `npm run matrix`: writes the table of translations.
import { writeFileSync } from 'node:fs'
import { renderMatrix } from './matrix.ts'

writeFileSync(new URL('../../docs/translation-matrix.md', import.meta.url), await renderMatrix())
