import { useMutation, useQuery } from '@tanstack/react-query'
import { ChevronRight, Search, Snowflake, Wifi, WifiOff } from 'lucide-react'
import { Popover } from 'radix-ui'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'

import { tell } from '../data/acts'
import { api } from '../data/api'
import { nodesQuery } from '../data/queries'
import type { NodeHealth } from '../data/types'
import { Button } from '../parts/button'
import { count, short, useLocale } from '../parts/format'
import { Time } from '../parts/time'
import { freezeEverything } from './keys'
import { placeOf } from './nav'
import { path, type Route, useRoute } from './router'

export function Topbar({ onSearch }: { onSearch: () => void }) {
  const { t } = useTranslation()
  return (
    <header className="topbar">
      <Crumbs />
      <div className="topbar-end">
        <Button look="quiet" icon={Search} hint="Ctrl K" onClick={onSearch}>
          {t('frame.search')}
        </Button>
        <Sync />
        <Button look="stop" icon={Snowflake} hint="F8" data-testid="freeze" onClick={() => void freezeEverything()}>
          {t('frame.freeze')}
        </Button>
      </div>
    </header>
  )
}

function crumb(route: Route, t: TFunction): string | null {
  switch (route.page) {
    case 'proposal':
      return short(route.id)
    case 'vault':
      return route.name
    case 'new-payout':
      return t('newPayout.title')
    case 'new-batch':
      return t('batch.title')
    case 'new-vault':
      return t('newVault.title')
    case 'enrol':
      return t('enrol.title')
    default:
      return null
  }
}

function Crumbs() {
  const { t } = useTranslation()
  const route = useRoute()
  const place = placeOf(route)
  const last = crumb(route, t)
  return (
    <nav className="crumbs" aria-label={t('frame.where')}>
      {last ? <a href={path({ page: place })}>{t(`nav.${place}`)}</a> : <span aria-current="page">{t(`nav.${place}`)}</span>}
      {last && (
        <>
          <ChevronRight size={14} aria-hidden />
          <span aria-current="page">{last}</span>
        </>
      )}
    </nav>
  )
}

/** The worst of the nodes in one line, all of them on opening. */
function Sync() {
  const { t } = useTranslation()
  const locale = useLocale()
  const nodes = useQuery(nodesQuery)
  const known = nodes.data ?? []
  const bad = known.filter((node) => node.state === 'trouble' || node.state === 'not_set')
  const first = bad[0] ?? known[0]
  if (!first) return null
  const words = bad.length > 0 || known.length === 1 ? t(`nodes.short.${first.state}`, { count: Math.max(1, bad.length), height: count(first.height ?? 0, locale) }) : t('nodes.allAnswer')
  const Icon = bad.some((node) => node.state === 'trouble') ? WifiOff : Wifi
  return (
    <Popover.Root>
      <Popover.Trigger className={bad.length > 0 ? 'sync sync-bad' : 'sync'} aria-label={words}>
        <Icon size={16} aria-hidden />
        <span className="sync-text">{words}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="sync-list" align="end" sideOffset={6} collisionPadding={8} aria-label={t('nodes.title')}>
          {known.map((node) => (
            <Node key={node.network} of={node} />
          ))}
          <TryNow />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}

function Node({ of }: { of: NodeHealth }) {
  const { t } = useTranslation()
  const locale = useLocale()
  return (
    <div className="sync-item">
      <p className="font-medium">{of.network_words}</p>
      <p className="sub">
        {t(`nodes.${of.state}`, { height: count(of.height ?? 0, locale) })}
        {of.place && ` · ${of.place}`}
        {of.seen && (
          <>
            {' · '}
            <Time at={of.seen} />
          </>
        )}
      </p>
      {of.trouble && <p className="sub text-wait">{of.trouble}</p>}
    </div>
  )
}

function TryNow() {
  const { t } = useTranslation()
  const turn = useMutation({ mutationFn: api.turn, onError: tell })
  return (
    <div className="flex items-center justify-between pt-2">
      <a href={path({ page: 'settings' })}>{t('nodes.settings')}</a>
      <Button busy={turn.isPending} onClick={() => turn.mutate()}>
        {t('parts.tryNow')}
      </Button>
    </div>
  )
}
