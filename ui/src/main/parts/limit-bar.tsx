import clsx from 'clsx'
import { useTranslation } from 'react-i18next'

import type { LimitView } from '../data/types'
import { percent, useLocale } from './format'
import { Time } from './time'

const NEAR = 80

/** How much of one limit is used: by others, and with what is shown beside it. */
export function LimitBar({ limit }: { limit: LimitView }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const over = limit.percent > 100
  const near = !over && limit.percent >= NEAR
  const share = percent(limit.percent / 100, locale)
  return (
    <div className={clsx('limit', over && 'limit-over', near && 'limit-near')}>
      <div className="limit-head">
        <span className="limit-name">{limit.limit}</span>
        <span className="limit-share">
          {over ? t('limits.over') : near ? t('limits.near', { share }) : share}
        </span>
      </div>
      <div
        className="limit-track"
        role="meter"
        aria-label={limit.limit}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, limit.percent)}
        aria-valuetext={limit.words}
      >
        <span className="limit-used" style={{ width: `${Math.min(100, limit.percent)}%` }} />
      </div>
      <div className="limit-foot">
        <span>{t('limits.usedOf', { used: limit.used, allowed: limit.allowed, window: limit.window })}</span>
        {limit.adds && <span>{t('limits.adds', { adds: limit.adds })}</span>}
        {limit.frees && (
          <span>
            {t('limits.frees')} <Time at={limit.frees} />
          </span>
        )}
      </div>
    </div>
  )
}
