import type { TFunction } from 'i18next'

import type { PolicyErrorView } from '../../data/types'

/** Why a text is no policy, with the place where that shows. */
export function policyError(error: PolicyErrorView, t: TFunction): string {
  if (error.line === null) return error.words
  return t('policy.atLine', { line: error.line, column: error.column ?? 1, words: error.words })
}
