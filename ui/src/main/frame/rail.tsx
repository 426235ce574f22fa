import { useQuery } from '@tanstack/react-query'
import { KeyRound, ShieldCheck, TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { frameQuery, keysQuery } from '../data/queries'
import type { Frame, PluggedKey } from '../data/types'
import { PLACES, placeOf } from './nav'
import { path, useRoute } from './router'

export function Rail() {
  const { t } = useTranslation()
  const frame = useQuery(frameQuery)
  const here = placeOf(useRoute())
  return (
    <aside className="rail" aria-label={t('frame.treasury')}>
      {frame.data && <Head frame={frame.data} />}
      <nav className="nav" aria-label={t('frame.pages')}>
        {PLACES.map(({ place, icon: Icon }) => {
          const waiting = place === 'overview' ? (frame.data?.waiting ?? 0) : 0
          return (
            <a key={place} data-testid={`nav-${place}`} href={path({ page: place })} aria-current={place === here ? 'page' : undefined} title={t(`nav.${place}`)}>
              <Icon size={16} aria-hidden />
              <span className="nav-text">{t(`nav.${place}`)}</span>
              {waiting > 0 && (
                <span className="nav-count">
                  {waiting} <span className="sr-only">{t('frame.waiting')}</span>
                </span>
              )}
            </a>
          )
        })}
      </nav>
      <Plugged />
    </aside>
  )
}

function Head({ frame }: { frame: Frame }) {
  const { t } = useTranslation()
  const single = frame.grade === 'single_host'
  const Icon = single ? TriangleAlert : ShieldCheck
  return (
    <div className="rail-head">
      <p className="rail-name">{frame.name}</p>
      <a className={single ? 'grade grade-single no-underline' : 'grade no-underline'} href={path({ page: 'overview' })} title={frame.grade_reason ?? t('grade.distributed')}>
        <Icon size={12} aria-hidden />
        {t(single ? 'grade.singleHostShort' : 'grade.distributedShort')}
        {frame.network_class === 'test' && `, ${t('grade.test')}`}
      </a>
    </div>
  )
}

function Plugged() {
  const { t } = useTranslation()
  const keys = useQuery(keysQuery)
  return (
    <div className="plugged" role="group" aria-label={t('keys.title')} aria-live="polite">
      <p className="plugged-title">{t('keys.title')}</p>
      {keys.data?.length === 0 && <p className="sub plugged-text">{t('keys.none')}</p>}
      {keys.data?.map((key) => (
        <Key key={key.serial} of={key} />
      ))}
    </div>
  )
}

function Key({ of }: { of: PluggedKey }) {
  const { t } = useTranslation()
  const words = t(`keys.${of.state}`)
  const tries = of.tries_left !== null && of.tries_left < 3 ? `, ${t('keys.tries', { count: of.tries_left })}` : ''
  return (
    <div className={of.state === 'ready' ? 'plugged-key' : 'plugged-key plugged-bad'} title={`${of.officer ?? t('keys.unknown')}, ${of.serial}: ${words}`}>
      <KeyRound size={16} aria-hidden />
      <div className="plugged-text">
        <p>{of.officer ?? t('keys.unknown')}</p>
        <p className="sub">
          {of.serial} · {words}
          {tries}
        </p>
      </div>
    </div>
  )
}
