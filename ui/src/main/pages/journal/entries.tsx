import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { JournalRow } from '../../data/types'
import { path } from '../../frame/router'
import { CopyButton } from '../../parts/copy'
import { exact, short, useLocale } from '../../parts/format'
import { Time } from '../../parts/time'

export function Entries({ rows }: { rows: JournalRow[] }) {
  const { t } = useTranslation()
  return (
    <div className="card">
      <table className="table entries">
        <thead>
          <tr>
            <th scope="col" className="right">
              {t('journal.number')}
            </th>
            <th scope="col">{t('journal.entry')}</th>
            <th scope="col">{t('journal.author')}</th>
            <th scope="col">{t('journal.proposal')}</th>
            <th scope="col">{t('journal.time')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Entry key={row.sequence} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Entry({ row }: { row: JournalRow }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <>
      <tr className="row-link">
        <td className="right faint">{row.sequence}</td>
        <td>
          <button type="button" data-row className="entry-button" aria-expanded={open} onClick={() => setOpen(!open)}>
            <ChevronRight size={14} aria-hidden className={open ? 'entry-open' : undefined} />
            <span>{t(`journal.names.${row.name}`, { defaultValue: row.name })}</span>
          </button>
        </td>
        <td>{row.author}</td>
        <td>
          {row.proposal && (
            <a href={path({ page: 'proposal', id: row.proposal })} className="mono">
              {short(row.proposal)}
            </a>
          )}
        </td>
        <td className="whitespace-nowrap">
          <Time at={row.time} className="faint" />
        </td>
      </tr>
      {open && (
        <tr>
          <td />
          <td colSpan={4}>
            <Body row={row} />
          </td>
        </tr>
      )}
    </>
  )
}

function Body({ row }: { row: JournalRow }) {
  const { t } = useTranslation()
  const locale = useLocale()
  return (
    <div className="stack">
      <p className="sub">
        {exact(row.time, locale)} · {t('journal.firstSeen', { time: exact(row.first_seen, locale) })} · <span className="mono">{short(row.id)}</span>
        <CopyButton text={row.id} what={t('journal.id')} />
      </p>
      <pre className="policy-text mono" tabIndex={0} aria-label={t('journal.body')}>
        {row.body}
      </pre>
    </div>
  )
}
