import { Ban, ScrollText, UsersRound } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { PolicyAnswer } from '../../data/types'
import { Notice } from '../../parts/badge'
import { sentence } from '../../parts/format'
import { LimitBar } from '../../parts/limit-bar'
import { Time } from '../../parts/time'

/** What the policy says to a draft, as it is typed. */
export function PolicyAnswerView({ answer, unusual, busy }: { answer: PolicyAnswer; unusual: string[]; busy: boolean }) {
  const { t } = useTranslation()
  return (
    <section className="answer" aria-label={t('policy.answer')}>
      <h2 className="answer-title">{t('policy.answer')}</h2>
      <div aria-live="polite" aria-busy={busy} className={busy ? 'stack answer-busy' : 'stack'}>
        <Answer answer={answer} />
        {unusual.length > 0 && (
          <Notice tone="wait" title={t('proposal.unusual')}>
            <ul>
              {unusual.map((words) => (
                <li key={words}>{sentence(words)}</li>
              ))}
            </ul>
          </Notice>
        )}
      </div>
    </section>
  )
}

function Answer({ answer }: { answer: PolicyAnswer }) {
  const { t } = useTranslation()
  if (answer.verdict === 'incomplete') {
    return (
      <p className="answer-line faint">
        <ScrollText size={16} aria-hidden />
        {t('policy.incomplete')}
      </p>
    )
  }
  if (answer.verdict === 'refused') {
    return answer.reasons.map((reason) => (
      <div key={reason.words} className="answer-refused">
        <p className="answer-line">
          <Ban size={16} aria-hidden />
          <strong>{t('policy.refused', { rule: reason.rule ?? t('policy.thePolicy') })}</strong>
        </p>
        <p>{sentence(reason.words)}</p>
        {reason.remedy && <p className="answer-remedy">{t('policy.remedy', { remedy: reason.remedy })}</p>}
      </div>
    ))
  }
  return (
    <>
      <div>
        <p className="answer-line">
          <UsersRound size={16} aria-hidden />
          <strong>{t('policy.needs', { demands: answer.demands.map((demand) => t('policy.demand', { count: demand.count, group: demand.group })).join(t('policy.and')) })}</strong>
        </p>
        <p className="answer-sub">{t('policy.rule', { rule: answer.rule })}</p>
        <p className="answer-sub">{answer.delay ? t('policy.delay', { delay: answer.delay }) : t('policy.noDelay')}</p>
        <p className="answer-sub">{t(answer.own_counts ? 'policy.ownCounts' : 'policy.ownDoesNotCount')}</p>
        <p className="answer-sub">
          {t('policy.ends')} <Time at={answer.ends} />
        </p>
      </div>
      {answer.limits.length > 0 && (
        <>
          <h3>{t('policy.limitsWith')}</h3>
          {answer.limits.map((limit) => (
            <LimitBar key={limit.limit} limit={limit} />
          ))}
        </>
      )}
    </>
  )
}
