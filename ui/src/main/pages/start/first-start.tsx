import { FolderInput, Landmark } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Language, LANGUAGES, setLanguage } from '../../i18n'
import { SelectField } from '../../parts/field'
import { Found } from './found'
import { Join } from './join'

type Way = 'choose' | 'found' | 'join'

/** What stands here before there is a treasury: two ways, no empty screen. */
export function FirstStart({ home }: { home: string }) {
  const { t, i18n } = useTranslation()
  const [way, setWay] = useState<Way>('choose')
  return (
    <main className="first" aria-label="Countersign">
      <div className="first-inner">
        <header className="first-head">
          <p className="first-brand">Countersign</p>
          <SelectField hideLabel label={t('settings.language')} value={i18n.resolvedLanguage ?? 'en'} options={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))} onChange={(language) => setLanguage(language as Language)} />
        </header>
        {way === 'choose' && <Choose onWay={setWay} />}
        {way === 'found' && <Found onBack={() => setWay('choose')} />}
        {way === 'join' && <Join home={home} onBack={() => setWay('choose')} />}
      </div>
    </main>
  )
}

function Choose({ onWay }: { onWay: (way: Way) => void }) {
  const { t } = useTranslation()
  return (
    <>
      <h1 className="first-title">{t('start.title')}</h1>
      <p className="page-lead">{t('start.lead')}</p>
      <div className="first-ways">
        <button type="button" className="first-way" data-testid="start-found" onClick={() => onWay('found')}>
          <Landmark size={20} aria-hidden />
          <strong>{t('start.found')}</strong>
          <span>{t('start.foundText')}</span>
        </button>
        <button type="button" className="first-way" onClick={() => onWay('join')}>
          <FolderInput size={20} aria-hidden />
          <strong>{t('start.join')}</strong>
          <span>{t('start.joinText')}</span>
        </button>
      </div>
      <p className="sub">{t('start.quiet')}</p>
    </>
  )
}
