// Every case of the matrix, in the order of the table's columns.
import { answerCases } from './answers.ts'
import type { Case } from './case.ts'
import { failureCases } from './failures.ts'
import { reasoningCases } from './reasoning.ts'

export const cases: readonly Case[] = [...answerCases, ...reasoningCases, ...failureCases]
