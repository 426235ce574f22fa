import { useQuery } from '@tanstack/react-query'
import { CircleCheck, Gauge, Send, Vault as VaultIcon } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { frameQuery, limitsQuery, nodesQuery, someProposals, vaultsQuery } from '../../data/queries'
import { useMe } from '../../data/me'
import type { Frame, ProposalRow } from '../../data/types'
import { go, path } from '../../frame/router'
import { Notice } from '../../parts/badge'
import { Button } from '../../parts/button'
import { ConfirmClock } from '../../parts/clock'
import { count, sentence, useLocale } from '../../parts/format'
import { LimitBar } from '../../parts/limit-bar'
import { PageBody, Section } from '../../parts/page'
import { Empty, Loaded } from '../../parts/states'
import { Balances } from './balances'
import { MovingLine, WaitingLine } from './lines'

const SHOWN = 50

export function Overview() {
  const { t } = useTranslation()
  const frame = useQuery(frameQuery)
  return (
    <PageBody
      wide
      title={t('overview.title')}
      actions={
        <Button look="primary" icon={Send} hint="n" onClick={() => go({ page: 'new-payout' })}>
          {t('newPayout.title')}
        </Button>
      }
    >
      {frame.data && <Grade frame={frame.data} />}
      <Waiting />
      <Moving />
      <Balances />
      <Limits />
      <Health />
    </PageBody>
  )
}

function Grade({ frame }: { frame: Frame }) {
  const { t } = useTranslation()
  if (frame.candidate) {
    return (
      <div className="section">
        <Notice tone="stop" title={t('overview.candidate', { machine: frame.candidate })}>
          {t('overview.candidateText')}
        </Notice>
      </div>
    )
  }
  if (frame.grade === 'distributed' && frame.troubles.length === 0 && frame.weaknesses.length === 0) return null
  return (
    <div className="section stack">
      {frame.troubles.map((trouble) => (
        <Notice key={trouble} tone="wait" title={sentence(trouble)} action={/\bclock\b/i.test(trouble) && <ConfirmClock />} />
      ))}
      {frame.grade === 'single_host' && (
        <Notice tone="wait" title={t('grade.singleHost')}>
          {frame.grade_reason}
        </Notice>
      )}
      {frame.weaknesses.length > 0 && (
        <Notice tone="plain" title={t('overview.weaknesses')}>
          <ul>
            {frame.weaknesses.map((weakness) => (
              <li key={weakness}>{weakness}</li>
            ))}
          </ul>
        </Notice>
      )}
    </div>
  )
}

const waitsForSomebody = (row: ProposalRow) => row.status === 'open' || row.status === 'planned' || row.status === 'aborted' || row.status === 'bumping' || row.status === 'cancelling'

/** Whether one of these officers can do what a proposal waits for: approve it, or open a seat. */
function waitsFor(row: ProposalRow, me: string[]): boolean {
  return [...row.could_approve, ...row.could_release].some((name) => me.includes(name))
}

function Waiting() {
  const { t } = useTranslation()
  const me = useMe()
  const open = useQuery(someProposals({ open_only: true, sort: 'proposed', descending: false }, SHOWN))
  return (
    <Loaded query={open} lines={4}>
      {(page) => {
        const waiting = page.rows.filter(waitsForSomebody)
        const mine = waiting.filter((row) => waitsFor(row, me))
        const others = waiting.filter((row) => !mine.includes(row))
        return (
          <>
            <Section id="mine" title={t('overview.mine')} aside={me.length > 0 && t('overview.as', { names: me.join(', ') })}>
              {mine.length > 0 ? <Lines rows={mine} mine /> : <NothingForMe plugged={me.length > 0} />}
            </Section>
            {others.length > 0 && (
              <Section id="others" title={t('overview.others')}>
                <Lines rows={others} />
              </Section>
            )}
          </>
        )
      }}
    </Loaded>
  )
}

function NothingForMe({ plugged }: { plugged: boolean }) {
  const { t } = useTranslation()
  return (
    <div className="card quiet-line">
      <CircleCheck size={16} aria-hidden />
      {t(plugged ? 'overview.nothing' : 'overview.noKey')}
    </div>
  )
}

function Lines({ rows, mine }: { rows: ProposalRow[]; mine?: boolean }) {
  return (
    <ul className="card lines">
      {rows.map((row) => (
        <WaitingLine key={row.id} row={row} mine={mine} />
      ))}
    </ul>
  )
}

function Moving() {
  const { t } = useTranslation()
  const moving = useQuery(someProposals({ open_only: true, statuses: ['signing', 'signed', 'broadcast'] }, 20))
  const rows = moving.data?.rows ?? []
  if (rows.length === 0) return null
  return (
    <Section id="moving" title={t('overview.moving')}>
      <ul className="card lines">
        {rows.map((row) => (
          <MovingLine key={row.id} row={row} />
        ))}
      </ul>
    </Section>
  )
}

function Limits() {
  const { t } = useTranslation()
  const limits = useQuery(limitsQuery)
  const vaults = useQuery(vaultsQuery)
  return (
    <Section id="limits" title={t('overview.limits')} aside={<a href={path({ page: 'policy' })}>{t('nav.policy')}</a>}>
      <Loaded query={limits}>
        {(all) =>
          all.length > 0 ? (
            <div className="card limits-grid">
              {all.map((limit) => (
                <LimitBar key={limit.limit} limit={limit} />
              ))}
            </div>
          ) : (
            <div className="card">
              <Empty icon={vaults.data?.length === 0 ? VaultIcon : Gauge} title={t('overview.noLimits')}>
                {t(vaults.data?.length === 0 ? 'overview.noLimitsVault' : 'overview.noLimitsText')}
              </Empty>
            </div>
          )
        }
      </Loaded>
    </Section>
  )
}

/** Health in one line that opens where it can be mended. */
function Health() {
  const { t } = useTranslation()
  const locale = useLocale()
  const frame = useQuery(frameQuery)
  const nodes = useQuery(nodesQuery)
  if (!frame.data || !nodes.data) return null
  const bad = nodes.data.filter((node) => node.state === 'trouble' || node.state === 'not_set')
  return (
    <p className="health">
      <a href={path({ page: 'journal' })}>{t('overview.entries', { count: frame.data.entries, shown: count(frame.data.entries, locale) })}</a>
      <span aria-hidden>·</span>
      <a href={path({ page: 'settings' })} className={bad.length > 0 ? 'text-wait' : undefined}>
        {bad.length > 0 ? bad.map((node) => `${node.network_words}: ${t(`nodes.${node.state}`, { height: '' })}`).join(', ') : t('nodes.allAnswer')}
      </a>
      <span aria-hidden>·</span>
      <span>{t('overview.machine', { machine: frame.data.machine })}</span>
    </p>
  )
}
