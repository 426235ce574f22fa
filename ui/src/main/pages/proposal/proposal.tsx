import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { proposalQuery } from '../../data/queries'
import type { ProposalDetail, ProposalRow } from '../../data/types'
import { Notice, StatusBadge } from '../../parts/badge'
import { sentence, short, useLocale } from '../../parts/format'
import { splitMoney } from '../../parts/money'
import { Section } from '../../parts/page'
import { Loaded } from '../../parts/states'
import { Time } from '../../parts/time'
import { Timeline } from '../../parts/timeline'
import { FingerprintWords } from '../../parts/words'
import { Actions } from './actions'
import { Content, Items } from './content'
import { PolicyFacts } from './policy-facts'
import { steps } from './stations'
import { kindWord, titleOf } from './kind'

/** A proposal with its whole way. What can be decided is decided in the approval sheet, not here. */
export function Proposal({ id }: { id: string }) {
  const proposal = useQuery(proposalQuery(id))
  return (
    <div className="page page-wide">
      <Loaded query={proposal} lines={10}>
        {(found) => <Whole of={found} />}
      </Loaded>
    </div>
  )
}

function Whole({ of }: { of: ProposalDetail }) {
  const { t } = useTranslation()
  return (
    <>
      <Head of={of.row} />
      <div className="stack">
        <FingerprintWords words={of.words} />
        <Warnings of={of} />
        <Actions of={of} />
      </div>
      <div className="detail">
        <div className="detail-way">
          <Section id="way" title={t('proposal.way')}>
            <Way of={of} />
          </Section>
        </div>
        <div className="detail-facts">
          <Content of={of} />
          <PolicyFacts of={of} />
        </div>
      </div>
      {(of.row.kind === 'batch' || of.row.kind === 'sweep') && <Items id={of.row.id} count={of.row.items} />}
    </>
  )
}

function Head({ of }: { of: ProposalRow }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const total = of.total && splitMoney(of.total, locale)
  return (
    <header className="detail-head">
      <div className="detail-what">
        <p className="sub">
          {kindWord(of.kind, t)} <span className="mono">{short(of.id)}</span>
          {of.vault && ` · ${t('payouts.from', { vault: of.vault })}`}
          {' · '}
          {t('overview.askedBy', { name: of.initiator })} <Time at={of.proposed} />
        </p>
        <h1 tabIndex={-1} id="page-title" className="detail-title">
          {total && of.kind === 'payout' && (
            <span className="detail-amount">
              {total.whole}
              {total.rest} <span className="detail-unit">{of.total?.asset}</span>
            </span>
          )}
          <span>{titleOf(of, t, locale)}</span>
        </h1>
      </div>
      <div className="detail-status" data-testid="status" data-status={of.status}>
        <StatusBadge status={of.status} held={of.held && !of.final} />
        {of.status === 'open' && (
          <p className="sub">
            {t('overview.ends')} <Time at={of.ends} />
          </p>
        )}
        {of.status === 'broadcast' && of.needed !== null && <p className="sub">{t('overview.confirmations', { have: of.confirmations ?? 0, need: of.needed })}</p>}
      </div>
    </header>
  )
}

function Warnings({ of }: { of: ProposalDetail }) {
  const { t } = useTranslation()
  return (
    <>
      {of.refused.map((reason) => (
        <Notice key={reason.words} tone="stop" title={t('policy.refused', { rule: reason.rule ?? t('policy.thePolicy') })}>
          <p>{sentence(reason.words)}</p>
          {reason.remedy && <p>{t('policy.remedy', { remedy: reason.remedy })}</p>}
        </Notice>
      ))}
      {of.declined && (
        <Notice tone="stop" title={t('proposal.declined', { by: of.declined.by })}>
          {of.declined.reason}
        </Notice>
      )}
      {of.unusual.length > 0 && !of.row.final && (
        <Notice tone="wait" title={t('proposal.unusual')}>
          {sentence(of.unusual.join('; '))}
        </Notice>
      )}
    </>
  )
}

function Way({ of }: { of: ProposalDetail }) {
  const { t } = useTranslation()
  const stations = steps(of, t).map(({ key, state, title, time, detail }) => ({ key, state, title, aside: time && <Time at={time} />, detail }))
  return <Timeline label={t('proposal.way')} stations={stations} />
}
