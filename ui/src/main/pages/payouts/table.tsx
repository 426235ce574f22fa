import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'

import type { ProposalRow, Query, SortBy } from '../../data/types'
import { path } from '../../frame/router'
import { Amount } from '../../parts/amount'
import { StatusBadge } from '../../parts/badge'
import { useLocale } from '../../parts/format'
import { Time } from '../../parts/time'
import { KindIcon, titleOf } from '../proposal/kind'

const ROW_HEIGHT = 54
const AHEAD = 12
/** So many rows before the end the next ones are asked for. */
const ASK_BEFORE = 40

type Column = 'what' | 'amount' | 'status' | 'by' | 'proposed'

const COLUMNS: { key: Column; sort: SortBy | null }[] = [
  { key: 'what', sort: 'summary' },
  { key: 'amount', sort: 'amount' },
  { key: 'status', sort: 'status' },
  { key: 'by', sort: null },
  { key: 'proposed', sort: 'proposed' },
]

interface TableProps {
  rows: ProposalRow[]
  total: number
  query: Query
  onSort: (by: SortBy, descending: boolean) => void
  onEnd: () => void
}

/** Only the rows in sight are in the page, however many there are. */
export function ProposalTable({ rows, total, query, onSort, onEnd }: TableProps) {
  const { t } = useTranslation()
  const box = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: AHEAD,
    initialRect: { width: 900, height: 600 },
  })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= rows.length - ASK_BEFORE) onEnd()
  }, [last, rows.length, onEnd])
  useEffect(() => {
    box.current?.scrollTo?.(0, 0)
  }, [query])
  return (
    <div ref={box} className="virtual" role="table" aria-label={t('payouts.title')} aria-rowcount={total + 1} tabIndex={0}>
      <div role="rowgroup" className="virtual-head">
        <div role="row" aria-rowindex={1} className="virtual-row">
          {COLUMNS.map(({ key, sort }) => (
            <Header key={key} name={key} sort={sort} query={query} onSort={onSort} />
          ))}
        </div>
      </div>
      <div role="rowgroup" className="virtual-body" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index]
          return row && <Row key={row.id} row={row} index={item.index} top={item.start} />
        })}
      </div>
    </div>
  )
}

function Header({ name, sort, query, onSort }: { name: Column; sort: SortBy | null; query: Query; onSort: TableProps['onSort'] }) {
  const { t } = useTranslation()
  const sorted = sort !== null && query.sort === sort
  const Arrow = query.descending ? ArrowDown : ArrowUp
  const label = t(`payouts.columns.${name}`)
  return (
    <div role="columnheader" className={`cell-${name}`} aria-sort={sorted ? (query.descending ? 'descending' : 'ascending') : undefined}>
      {sort ? (
        <button type="button" className="sort" onClick={() => onSort(sort, sorted ? !query.descending : sort !== 'summary')}>
          {label}
          {sorted && <Arrow size={12} aria-hidden />}
        </button>
      ) : (
        label
      )}
    </div>
  )
}

function Row({ row, index, top }: { row: ProposalRow; index: number; top: number }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const sub = [row.memo, row.vault && t('payouts.from', { vault: row.vault })].filter(Boolean).join(' · ')
  return (
    <div role="row" aria-rowindex={index + 2} className="virtual-row virtual-item" style={{ transform: `translateY(${top}px)` }}>
      <div role="cell" className="cell-what">
        <KindIcon kind={row.kind} />
        <div className="min-w-0">
          <a data-row data-testid={`row-${row.id}`} href={path({ page: 'proposal', id: row.id })} className="cell-link" title={row.summary}>
            {titleOf(row, t, locale)}
          </a>
          <p className="sub cell-cut">{sub}</p>
        </div>
      </div>
      <div role="cell" className="cell-amount">
        {row.total && <Amount of={row.total} />}
      </div>
      <div role="cell" className="cell-status">
        <StatusBadge status={row.status} held={row.held && !row.final} />
        <p className="sub">{progress(row, t)}</p>
      </div>
      <div role="cell" className="cell-by">
        {row.initiator}
      </div>
      <div role="cell" className="cell-proposed">
        <Time at={row.proposed} className="faint" />
      </div>
    </div>
  )
}

function progress(row: ProposalRow, t: TFunction): string | null {
  if (row.status === 'open' && row.demands.length > 0) {
    const given = row.demands.reduce((sum, demand) => sum + Math.min(demand.given ?? 0, demand.count), 0)
    const needed = row.demands.reduce((sum, demand) => sum + demand.count, 0)
    return t('payouts.approvals', { given, needed })
  }
  if (row.status === 'broadcast' && row.confirmations !== null && row.needed !== null) {
    return t('overview.confirmations', { have: row.confirmations, need: row.needed })
  }
  return null
}
