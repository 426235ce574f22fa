import { QueryClientProvider, useQuery } from '@tanstack/react-query'
import type { QueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { follow, startQuery } from './data/queries'
import { FrozenBar } from './frame/frozen'
import { Help } from './frame/help'
import { useKeys } from './frame/keys'
import { Palette } from './frame/palette'
import { Rail } from './frame/rail'
import { useHash, useRoute } from './frame/router'
import { Topbar } from './frame/topbar'
import { PageOf } from './pages/pages'
import { FirstStart } from './pages/start/first-start'
import { Notice } from './parts/badge'
import { Boundary } from './parts/boundary'
import { ErrorNotice, Skeleton } from './parts/states'
import { say, Toasts } from './parts/toast'

export function App({ client }: { client: QueryClient }) {
  useEffect(() => {
    let gone = false
    let stop: (() => void) | undefined
    void follow(client, (happened) => say(happened.words)).then((unlisten) => {
      if (gone) unlisten()
      else stop = unlisten
    })
    return () => {
      gone = true
      stop?.()
    }
  }, [client])
  return (
    <QueryClientProvider client={client}>
      <Window />
      <Toasts />
    </QueryClientProvider>
  )
}

function Window() {
  const start = useQuery(startQuery)
  if (start.error) {
    return (
      <div className="page">
        <ErrorNotice error={start.error} retry={() => void start.refetch()} />
      </div>
    )
  }
  if (!start.data) {
    return (
      <div className="page">
        <Skeleton lines={6} />
      </div>
    )
  }
  if (start.data.state === 'fresh') return <FirstStart home={start.data.home} />
  if (start.data.state === 'opening') return <Opening />
  return <Frame broken={start.data.state === 'broken' ? start.data.why : null} />
}

/** The journal is read and checked whole before anything of it is shown. */
function Opening() {
  const { t } = useTranslation()
  return (
    <main className="page" aria-label="Countersign">
      <h1 className="first-title">{t('start.opening')}</h1>
      <p className="page-lead">{t('start.openingText')}</p>
      <Skeleton lines={8} />
    </main>
  )
}

function Frame({ broken }: { broken: string | null }) {
  const { t } = useTranslation()
  const [palette, setPalette] = useState(false)
  const [help, setHelp] = useState(false)
  const hash = useHash()
  const openPalette = useCallback(() => setPalette(true), [])
  const openHelp = useCallback(() => setHelp(true), [])
  useKeys({ palette: openPalette, help: openHelp })
  return (
    <div className="frame">
      <a className="skip" href="#page-title" onClick={focusTitle}>
        {t('frame.skip')}
      </a>
      <FrozenBar />
      <Rail />
      <div className="main">
        <Topbar onSearch={openPalette} />
        <Scroll>
          {broken && (
            <div className="p-6 pb-0">
              <Notice tone="stop" title={t('start.broken')}>
                {broken}
              </Notice>
            </div>
          )}
          <Boundary key={hash}>
            <PageOf route={useRoute()} />
          </Boundary>
        </Scroll>
      </div>
      <Palette open={palette} onOpenChange={setPalette} />
      <Help open={help} onOpenChange={setHelp} />
    </div>
  )
}

function focusTitle(event: React.MouseEvent) {
  event.preventDefault()
  document.getElementById('page-title')?.focus()
}

/** A new page begins at its top, and is said. */
function Scroll({ children }: { children: React.ReactNode }) {
  const { t } = useTranslation()
  const hash = useHash().split('?')[0]
  const box = useRef<HTMLElement>(null)
  const first = useRef(true)
  useEffect(() => {
    box.current?.scrollTo?.(0, 0)
    if (first.current) first.current = false
    else document.getElementById('page-title')?.focus({ preventScroll: true })
  }, [hash])
  return (
    <main ref={box} className="scroll" id="scroll" aria-label={t('frame.page')}>
      {children}
    </main>
  )
}
