import { Check } from 'lucide-react'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { StepProgress } from '../data/types'

/** The steps of one long act, each word once. */
export function useSteps() {
  const [steps, setSteps] = useState<string[]>([])
  const add = useCallback((step: StepProgress) => setSteps((now) => (now.at(-1) === step.words ? now : [...now, step.words])), [])
  const clear = useCallback(() => setSteps([]), [])
  return { steps, add, clear }
}

/** What was done, what is being done, and how much of all that is. */
export function Progress({ steps, current }: { steps: string[]; current: StepProgress | null }) {
  const { t } = useTranslation()
  const known = current !== null && current.of > 0
  return (
    <div className="steps">
      <ul>
        {steps.slice(0, -1).map((words, at) => (
          <li key={at}>
            <Check size={14} aria-hidden /> {words}
          </li>
        ))}
      </ul>
      <p role="status" className="steps-now">
        {steps.at(-1) ?? t('parts.begins')}
      </p>
      <progress className="progress" aria-label={t('parts.progress')} {...(known ? { max: current.of, value: current.done } : {})} />
      {known && <p className="sub">{t('parts.stepOf', { done: current.done, of: current.of })}</p>}
    </div>
  )
}
