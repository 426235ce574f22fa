import { useTranslation } from 'react-i18next'

import type { BalanceSeries } from '../../data/types'
import { day, useLocale } from '../../parts/format'
import { moneyText } from '../../parts/money'

const WIDTH = 300
const HEIGHT = 44

/** A balance over time, as steps. Drawn from rounded numbers; what is said of it is the exact text. */
export function HistoryLine({ series, days }: { series: BalanceSeries; days: number }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const { points } = series
  const first = points[0]
  const last = points.at(-1)
  if (!first || !last || points.length < 2) return null
  const start = new Date(first.time).getTime()
  const span = Math.max(1, Date.now() - start)
  const highest = Math.max(...points.map((point) => Number(point.value)), Number.MIN_VALUE)
  const x = (time: string) => ((new Date(time).getTime() - start) / span) * WIDTH
  const y = (value: string) => HEIGHT - 2 - (Number(value) / highest) * (HEIGHT - 4)
  const line = points.map((point, at) => (at === 0 ? `M0 ${y(point.value)}` : `H${x(point.time)}V${y(point.value)}`)).join('') + `H${WIDTH}`
  const said = (point: typeof first) => `${day(point.time, locale)}: ${moneyText({ ...series, value: point.value }, locale)}`
  return (
    <svg className="history" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${t('overview.chart', { asset: series.asset, count: days })} ${said(first)} – ${said(last)}`}>
      <path className="history-area" d={`${line}V${HEIGHT}H0Z`} />
      <path className="history-line" d={line} vectorEffect="non-scaling-stroke" />
    </svg>
  )
}
