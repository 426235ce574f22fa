import { CircleCheck, CircleDashed } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { ProposalDetail } from '../../data/types'
import { LimitBar } from '../../parts/limit-bar'
import { Section } from '../../parts/page'
import { Time } from '../../parts/time'

/** What the policy demands, who approved, and where the limits stand with it. */
export function PolicyFacts({ of }: { of: ProposalDetail }) {
  const { t } = useTranslation()
  return (
    <Section id="policy" title={t('proposal.policy')}>
      <div className="card card-body stack">
        {of.sentence && <p>{t('proposal.demands', { sentence: of.sentence })}</p>}
        <ul className="approvals">
          {of.approvals.map((approval) => (
            <li key={`${approval.officer}-${approval.time}`}>
              <CircleCheck size={16} aria-hidden className="text-done" />
              <span>
                {t('proposal.approvedBy', { name: approval.officer })} <Time at={approval.time} className="faint" />
              </span>
              {approval.serial !== null && <span className="sub">{t('proposal.key', { serial: approval.serial })}</span>}
            </li>
          ))}
          {of.row.status === 'open' &&
            of.row.could_approve.map((name) => (
              <li key={name} className="faint">
                <CircleDashed size={16} aria-hidden />
                <span>{t('proposal.couldApprove', { name })}</span>
              </li>
            ))}
          {of.approvals.length === 0 && of.row.could_approve.length === 0 && <li className="faint">{t('proposal.nobody')}</li>}
        </ul>
        {of.limits.map((limit) => (
          <LimitBar key={limit.limit} limit={limit} />
        ))}
      </div>
    </Section>
  )
}
