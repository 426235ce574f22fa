import { useQuery } from '@tanstack/react-query'
import { FileUp, ScrollText } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { policyHistoryQuery, policyQuery } from '../../data/queries'
import type { PolicyView } from '../../data/types'
import { path } from '../../frame/router'
import { Badge } from '../../parts/badge'
import { Button } from '../../parts/button'
import { CopyButton } from '../../parts/copy'
import { short } from '../../parts/format'
import { PageBody, Section } from '../../parts/page'
import { Loaded } from '../../parts/states'
import { Time } from '../../parts/time'
import { Pending } from '../overview/pending'
import { Adopt } from './adopt'
import { Sentences } from './sentences'

export function Policy() {
  const { t } = useTranslation()
  const policy = useQuery(policyQuery)
  const [adopting, setAdopting] = useState(false)
  return (
    <PageBody
      title={t('policy.title')}
      lead={t('policy.lead')}
      actions={
        <Button icon={FileUp} hint="n" data-key="n" onClick={() => setAdopting(true)}>
          {t('policy.adopt')}
        </Button>
      }
    >
      {adopting && <Adopt onClose={() => setAdopting(false)} />}
      <Pending kinds={['policy']} />
      <Loaded query={policy} lines={10}>
        {(view) => <InForce view={view} />}
      </Loaded>
      <History />
    </PageBody>
  )
}

function InForce({ view }: { view: PolicyView }) {
  const { t } = useTranslation()
  return (
    <Section
      id="in-force"
      title={t('policy.inForce')}
      aside={
        <span className="mono" title={view.hash}>
          {short(view.hash)}
          <CopyButton text={view.hash} what={t('policy.hash')} />
        </span>
      }
    >
      <Sentences words={view.words} />
      <details className="card disclosure">
        <summary>
          <ScrollText size={16} aria-hidden /> {t('policy.text')}
        </summary>
        <pre className="policy-text mono" tabIndex={0} aria-label={t('policy.text')}>
          {view.text}
        </pre>
      </details>
    </Section>
  )
}

function History() {
  const { t } = useTranslation()
  const history = useQuery(policyHistoryQuery)
  return (
    <Section id="history" title={t('policy.history')}>
      <Loaded query={history}>
        {(versions) => (
          <div className="card">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">{t('policy.version')}</th>
                  <th scope="col">{t('policy.adopted')}</th>
                  <th scope="col">{t('policy.by')}</th>
                  <th scope="col">{t('payouts.columns.status')}</th>
                </tr>
              </thead>
              <tbody>
                {versions.map((version) => (
                  <tr key={version.adopted + version.hash} className="row-link">
                    <td>
                      {version.proposal ? (
                        <a data-row href={path({ page: 'proposal', id: version.proposal })} className="mono cell-link">
                          {short(version.hash)}
                        </a>
                      ) : (
                        <span className="mono">{short(version.hash)}</span>
                      )}
                    </td>
                    <td>
                      <Time at={version.adopted} />
                    </td>
                    <td>{version.by}</td>
                    <td>{version.in_force ? <Badge tone="done">{t('policy.isInForce')}</Badge> : <Badge tone="plain">{t('policy.superseded')}</Badge>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Section>
  )
}
