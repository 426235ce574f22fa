import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Archive } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { frameQuery, nodesQuery, settingsQuery, vaultsQuery } from '../../data/queries'
import { tell } from '../../data/acts'
import { api } from '../../data/api'
import { type Language, LANGUAGES, setLanguage } from '../../i18n'
import { Notice } from '../../parts/badge'
import { Button } from '../../parts/button'
import { CopyButton } from '../../parts/copy'
import { Choices, SelectField, TextField } from '../../parts/field'
import { count, exact, useLocale } from '../../parts/format'
import { moneyText } from '../../parts/money'
import { Facts, PageBody, Section } from '../../parts/page'
import { ErrorNotice, Loaded } from '../../parts/states'
import { say } from '../../parts/toast'
import { setTheme, type ThemeChoice, useThemeChoice } from '../../theme'
import { NodeSettings } from './node-settings'

export function Settings() {
  const { t } = useTranslation()
  const nodes = useQuery(nodesQuery)
  const settings = useQuery(settingsQuery)
  return (
    <PageBody title={t('settings.title')}>
      <Section id="nodes" title={t('settings.nodes')}>
        <p className="sub section-lead">{t('settings.nodesLead')}</p>
        <Loaded query={settings}>
          {(known) => (
            <div className="stack">
              {known.networks.map((network) => (
                <NodeSettings key={network.network} network={network} settings={known} health={nodes.data?.find((node) => node.network === network.network)} />
              ))}
            </div>
          )}
        </Loaded>
      </Section>
      <Confirmations />
      <Certificates />
      <Backup />
      <Look />
      <About />
    </PageBody>
  )
}

function Confirmations() {
  const { t } = useTranslation()
  const vaults = useQuery(vaultsQuery)
  if (!vaults.data || vaults.data.length === 0) return null
  return (
    <Section id="confirmations" title={t('settings.confirmations')}>
      <p className="sub section-lead">{t('settings.confirmationsLead')}</p>
      <div className="card card-body">
        <Facts items={vaults.data.map((vault) => [vault.name, t('vaults.final', { count: vault.confirmations })])} />
      </div>
    </Section>
  )
}

function Certificates() {
  const { t } = useTranslation()
  const settings = useQuery(settingsQuery)
  return settings.data ? (
    <Section id="certificates" title={t('settings.certificates')}>
      <p className="sub section-lead">{t('settings.certificatesLead')}</p>
      <CertificatesForm key={settings.data.certificates} known={settings.data.certificates ?? ''} />
    </Section>
  ) : null
}

function CertificatesForm({ known }: { known: string }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [folder, setFolder] = useState(known)
  const keep = useMutation({
    mutationFn: () => api.setCertificates(folder.trim() || null),
    onSuccess: (settings) => {
      client.setQueryData(settingsQuery.queryKey, settings)
      say(t('settings.keptFolder'))
    },
  })
  return (
    <form
      className="card card-body stack"
      onSubmit={(event) => {
        event.preventDefault()
        keep.mutate()
      }}
    >
      <TextField label={t('settings.folder')} mono value={folder} onChange={setFolder} placeholder="/etc/countersign/certificates" />
      {keep.error && <ErrorNotice error={keep.error} />}
      <div className="form-foot">
        <Button type="submit" disabled={folder.trim() === known} busy={keep.isPending}>
          {t('settings.keepFolder')}
        </Button>
      </div>
    </form>
  )
}

function Backup() {
  const { t } = useTranslation()
  const backUp = useMutation({ mutationFn: api.backUp, onError: tell })
  return (
    <Section id="backup" title={t('settings.backup')}>
      <p className="sub section-lead">{t('settings.backupLead')}</p>
      <div className="stack">
        <div>
          <Button icon={Archive} busy={backUp.isPending} onClick={() => backUp.mutate()}>
            {t('settings.backUp')}
          </Button>
        </div>
        {backUp.data && (
          <Notice tone="done" title={backUp.data.words}>
            <span className="mono">{backUp.data.path}</span>
          </Notice>
        )}
      </div>
    </Section>
  )
}

const EXAMPLE = { value: '1234567.89', asset: 'BTC', places: 8 }

function Look() {
  const { t, i18n } = useTranslation()
  const theme = useThemeChoice()
  const locale = useLocale()
  return (
    <Section id="look" title={t('settings.look')}>
      <div className="card card-body stack">
        <SelectField
          label={t('settings.language')}
          value={i18n.resolvedLanguage ?? 'en'}
          options={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          onChange={(language) => setLanguage(language as Language)}
          hint={t('settings.languageHint', { example: `${moneyText(EXAMPLE, locale)}, ${exact('2026-10-01T09:30:00Z', locale)}` })}
        />
        <Choices<ThemeChoice>
          columns
          legend={t('settings.theme')}
          value={theme}
          onChange={setTheme}
          choices={(['system', 'light', 'dark'] as const).map((value) => ({ value, label: t(`settings.themes.${value}`) }))}
        />
      </div>
    </Section>
  )
}

function About() {
  const { t } = useTranslation()
  const locale = useLocale()
  const frame = useQuery(frameQuery)
  const id = (text: string, what: string) => (
    <span className="mono break-all">
      {text}
      <CopyButton text={text} what={what} />
    </span>
  )
  return (
    <Section id="about" title={t('settings.about')}>
      <Loaded query={frame}>
        {(known) => (
          <div className="card card-body">
            <Facts
              items={[
                [t('settings.treasury'), known.name],
                [t('settings.treasuryId'), id(known.treasury, t('settings.treasuryId'))],
                [t('settings.machine'), known.machine],
                [t('settings.entries'), count(known.entries, locale)],
                [t('settings.head'), id(known.head, t('settings.head'))],
                [t('settings.version'), known.version],
              ]}
            />
            <p className="sub about-quiet">{t('settings.quiet')}</p>
          </div>
        )}
      </Loaded>
    </Section>
  )
}
