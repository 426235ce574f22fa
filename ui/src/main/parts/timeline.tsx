import clsx from 'clsx'
import { Check, Circle, CircleDot, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

export type StationState = 'done' | 'now' | 'later' | 'stopped'

export interface Station {
  key: string
  state: StationState
  title: ReactNode
  aside?: ReactNode
  detail?: ReactNode
}

const ICONS = { done: Check, now: CircleDot, later: Circle, stopped: X }

/** The way of a payout: done is solid, now is open and says who must do what, later is faint. */
export function Timeline({ stations, label }: { stations: Station[]; label: string }) {
  const { t } = useTranslation()
  return (
    <ol className="timeline" aria-label={label}>
      {stations.map(({ key, state, title, aside, detail }) => {
        const Icon = ICONS[state]
        return (
          <li key={key} className={clsx('station', `station-${state}`)} aria-current={state === 'now' ? 'step' : undefined}>
            <span className="station-mark">
              <Icon size={state === 'done' || state === 'stopped' ? 12 : 14} aria-hidden />
            </span>
            <div className="station-body">
              <div className="station-head">
                <span className="station-title">
                  <span className="sr-only">{t(`timeline.${state}`)}: </span>
                  {title}
                </span>
                {aside && <span className="station-aside">{aside}</span>}
              </div>
              {detail && <div className="station-detail">{detail}</div>}
            </div>
          </li>
        )
      })}
    </ol>
  )
}
