import { useTranslation } from 'react-i18next'

import { useSheet } from '../../data/acts'
import type { ProposalRow } from '../../data/types'
import { path } from '../../frame/router'
import { Amount } from '../../parts/amount'
import { StatusBadge } from '../../parts/badge'
import { Button } from '../../parts/button'
import { short, useLocale } from '../../parts/format'
import { Time } from '../../parts/time'
import { KindIcon, titleOf } from '../proposal/kind'

const NEAR_ITS_END = 2 * 60 * 60 * 1000

/** One proposal that waits: what, for whom, how long still, and the way to decide it. */
export function WaitingLine({ row, mine }: { row: ProposalRow; mine?: boolean }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const sheet = useSheet()
  const purpose = row.could_release.length > 0 ? 'release' : 'decide'
  const pressing = row.status === 'open' && new Date(row.ends).getTime() - Date.now() < NEAR_ITS_END
  return (
    <li className="line">
      <KindIcon kind={row.kind} />
      <div className="line-what">
        <a data-row data-testid={`row-${row.id}`} href={path({ page: 'proposal', id: row.id })} className="line-title">
          {titleOf(row, t, locale)}
        </a>
        <p className="sub">
          {t('overview.askedBy', { name: row.initiator })} <Time at={row.proposed} />
          {row.memo && ` · ${row.memo}`}
        </p>
        {row.waiting && <p className="sub line-waits">{t('overview.waitsFor', { what: row.waiting })}</p>}
      </div>
      <div className="line-amount">
        {row.total && <Amount of={row.total} strong />}
        {row.status === 'open' && (
          <p className={pressing ? 'sub text-wait' : 'sub'}>
            {t('overview.ends')} <Time at={row.ends} />
          </p>
        )}
      </div>
      <div className="line-act">
        {row.held ? (
          <StatusBadge status={row.status} held />
        ) : mine ? (
          <Button data-testid={`open-sheet-${row.id}`} busy={sheet.isPending} aria-label={t(`overview.${purpose}Label`, { what: row.summary, id: short(row.id) })} onClick={() => sheet.mutate({ id: row.id, purpose })}>
            {t(`acts.${purpose}`)}
          </Button>
        ) : (
          <StatusBadge status={row.status} />
        )}
      </div>
    </li>
  )
}

const STATIONS = ['planned', 'signing', 'signed', 'broadcast', 'confirmed'] as const

/** One payout on its way, with the station at which it stands. */
export function MovingLine({ row }: { row: ProposalRow }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const at = STATIONS.findIndex((station) => station === row.status)
  const blocks = row.confirmations !== null && row.needed !== null ? t('overview.confirmations', { have: row.confirmations, need: row.needed }) : null
  return (
    <li className="line">
      <KindIcon kind={row.kind} />
      <div className="line-what">
        <a data-row data-testid={`row-${row.id}`} href={path({ page: 'proposal', id: row.id })} className="line-title">
          {titleOf(row, t, locale)}
        </a>
        <p className="sub">{blocks ?? (row.waiting && t('overview.waitsFor', { what: row.waiting }))}</p>
      </div>
      <div className="line-amount">{row.total && <Amount of={row.total} strong />}</div>
      <div className="line-act">
        <div className="stations" role="img" aria-label={t('overview.station', { station: t(`status.${row.status}`) })}>
          {STATIONS.map((station, index) => (
            <span key={station} className={index < at ? 'passed' : index === at ? 'here' : undefined} />
          ))}
        </div>
        <span className="sub">{t(`status.${row.status}`)}</span>
      </div>
    </li>
  )
}
