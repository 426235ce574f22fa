import { CircleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { BadLineView, TableRow } from '../../data/types'
import { PayeeName } from '../../parts/address'
import { Amount } from '../../parts/amount'
import { sentence } from '../../parts/format'

/** The lines of a table as they were read: the bad ones first, each as it stands and with its reason. */
export function CheckedTable({ rows, bad, csv }: { rows: TableRow[]; bad: BadLineView[]; csv: string }) {
  const { t } = useTranslation()
  const lines = csv.split(/\r?\n/)
  return (
    <div className="card checked" tabIndex={0} role="group" aria-label={t('batch.checked')}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col" className="right">
              {t('batch.line')}
            </th>
            <th scope="col">{t('batch.payee')}</th>
            <th scope="col" className="right">
              {t('payouts.columns.amount')}
            </th>
            <th scope="col">{t('newPayout.memo')}</th>
          </tr>
        </thead>
        <tbody>
          {bad.map((line, at) => (
            <Bad key={at} line={line} text={line.line === null ? null : (lines[line.line - 1] ?? null)} />
          ))}
          {rows.map((row) => (
            <tr key={row.line}>
              <td className="right faint">{row.line}</td>
              <td>
                <PayeeName name={row.payee} address={row.address} />
              </td>
              <td className="right">
                <Amount of={row.amount} />
              </td>
              <td>{row.memo}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Bad({ line, text }: { line: BadLineView; text: string | null }) {
  return (
    <tr className="checked-bad">
      <td className="right faint">{line.line}</td>
      <td colSpan={3}>
        {text !== null && <p className="mono checked-text">{text}</p>}
        <p className="field-error">
          <CircleAlert size={14} aria-hidden />
          <span>{sentence(line.why)}</span>
        </p>
      </td>
    </tr>
  )
}
