import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { batchItemsQuery } from '../../data/queries'
import type { Field, LegView, ProposalDetail } from '../../data/types'
import { path } from '../../frame/router'
import { Address } from '../../parts/address'
import { Amount, InlineAmount } from '../../parts/amount'
import { StatusBadge } from '../../parts/badge'
import { Button } from '../../parts/button'
import { CopyButton } from '../../parts/copy'
import { exact, short, useLocale } from '../../parts/format'
import { Facts, Section } from '../../parts/page'
import { titleOf } from './kind'

/** What is proposed, whole: everything an officer decides on, in the same words as the sheet. */
export function Content({ of }: { of: ProposalDetail }) {
  const { t } = useTranslation()
  if (of.row.kind !== 'payout') {
    return (
      <>
        <Section id="content" title={t('proposal.content')}>
          <div className="card card-body">
            <FieldFacts fields={of.fields} />
          </div>
        </Section>
        <Plan fields={of.plan} />
      </>
    )
  }
  return (
    <>
    <Section id="content" title={t('proposal.pays')}>
      <div className="card">
        <ul className="legs">
          {of.legs.map((leg, at) => (
            <LegLine key={at} leg={leg} />
          ))}
        </ul>
        <div className="card-body legs-foot">
          <PayoutFacts of={of} />
        </div>
      </div>
    </Section>
    <Plan fields={of.plan} />
    </>
  )
}

function FieldFacts({ fields }: { fields: Field[] }) {
  return <Facts items={fields.map(({ label, value }) => [label, <Value key={label} text={value} />])} />
}

/** The exact transaction, as far as one is fixed, and the versions before it. */
function Plan({ fields }: { fields: Field[] }) {
  const { t } = useTranslation()
  if (fields.length === 0) return null
  return (
    <Section id="plan" title={t('proposal.plan')}>
      <div className="card card-body">
        <FieldFacts fields={fields} />
      </div>
    </Section>
  )
}

const ADDRESS = /^(0x[0-9a-f]{40}|(bc|tb|bcrt)1[02-9ac-hj-np-z]{20,})$/i

/** A difference and other texts with lines of their own keep them; an address is shown as everywhere. */
function Value({ text }: { text: string }) {
  const lines = text.split('\n')
  const [first = '', second = ''] = lines
  const twice = lines.length === 2 && second.replace(/\s/g, '') === first
  if (ADDRESS.test(first) && (lines.length === 1 || twice)) return <Address of={first} />
  if (lines.length === 1) return text
  const diff = text.startsWith('---')
  return (
    <pre className={diff ? 'fact-text mono' : 'fact-text'}>
      {lines.map((line, at) => (
        <span key={at} className={diff && line.startsWith('+') ? 'diff-added' : diff && line.startsWith('-') ? 'diff-gone' : undefined}>
          {line}
          {'\n'}
        </span>
      ))}
    </pre>
  )
}

function LegLine({ leg }: { leg: LegView }) {
  const { t } = useTranslation()
  return (
    <li className="leg">
      <div className="leg-head">
        <span className={leg.payee ? 'font-medium' : 'text-wait'}>{leg.payee ?? t('proposal.stranger')}</span>
        <Amount of={leg.amount} strong />
      </div>
      <Address of={leg.address} label={leg.payee ? t('parts.addressOf', { name: leg.payee }) : undefined} />
    </li>
  )
}

function PayoutFacts({ of }: { of: ProposalDetail }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const { row } = of
  return (
    <Facts
      items={[
        of.legs.length > 1 && row.total && [t('proposal.total'), <InlineAmount key="total" of={row.total} />],
        of.fee_cap && [
          t('proposal.fee'),
          <span key="fee">
            {of.fee && (
              <>
                <InlineAmount of={of.fee} />,{' '}
              </>
            )}
            {t('proposal.feeAtMost')} <InlineAmount of={of.fee_cap} />
          </span>,
        ],
        row.vault !== null && [t('proposal.from'), `${row.vault}${row.network ? `, ${row.network}` : ''}${of.account ? `, ${t('proposal.account', { account: of.account })}` : ''}`],
        row.memo !== '' && [t('proposal.memo'), row.memo],
        row.status === 'open' && [t('proposal.expires'), exact(of.expires, locale)],
        of.nonce !== null && [t('proposal.nonce'), of.nonce],
        of.txid !== null && [
          t('proposal.txid'),
          <span key="txid" className="mono break-all">
            {of.txid}
            <CopyButton text={of.txid} what={t('proposal.txid')} />
          </span>,
        ],
        of.batch !== null && [t('kind.batch'), <a key="batch" href={path({ page: 'proposal', id: of.batch })} className="mono">{short(of.batch)}</a>],
        [
          t('proposal.id'),
          <span key="id" className="mono break-all">
            {row.id}
            <CopyButton text={row.id} what={t('proposal.id')} />
          </span>,
        ],
      ]}
    />
  )
}

/** The payouts of a batch, each with its own status. */
export function Items({ id, count }: { id: string; count: number }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const pages = useInfiniteQuery(batchItemsQuery(id))
  const rows = pages.data?.pages.flatMap((page) => page.rows) ?? []
  return (
    <Section id="items" title={t('proposal.items', { count })}>
      <div className="card batch-items">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('proposal.item')}</th>
              <th scope="col" className="right">
                {t('payouts.columns.amount')}
              </th>
              <th scope="col">{t('payouts.columns.status')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id} className="row-link">
                <td>
                  <a data-row className="cell-link" href={path({ page: 'proposal', id: row.id })}>
                    {titleOf(row, t, locale)}
                  </a>
                  {row.memo && <p className="sub">{row.memo}</p>}
                </td>
                <td className="right">{row.total && <Amount of={row.total} />}</td>
                <td>
                  <StatusBadge status={row.status} held={row.held && !row.final} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {pages.hasNextPage && (
          <div className="more">
            <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              {t('journal.more')}
            </Button>
          </div>
        )}
      </div>
    </Section>
  )
}
