import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api } from '../../data/api'
import { isCancelled } from '../../data/error'
import { foundingQuery, keysQuery } from '../../data/queries'
import type { FoundingChoices, FoundingDraft } from '../../data/types'
import { Notice } from '../../parts/badge'
import { Button } from '../../parts/button'
import { TextField } from '../../parts/field'
import { Facts } from '../../parts/page'
import { ErrorNotice, Loaded } from '../../parts/states'
import { Founders, isMainnet, networkWords, PolicyChoice, TreasuryFields } from './found-steps'

const STEPS = ['treasury', 'founders', 'policy', 'review'] as const
type Step = (typeof STEPS)[number]

const EMPTY: FoundingDraft = { name: '', networks: [], policy: '', officers: [], machine: '', administrators: [], waiver: null }

function complete(step: Step, draft: FoundingDraft): boolean {
  switch (step) {
    case 'treasury':
      return draft.name.trim() !== '' && draft.machine.trim() !== '' && draft.networks.length > 0 && draft.administrators.some((name) => name.trim() !== '')
    case 'founders':
      return draft.officers.length >= 2
    case 'policy':
      return draft.policy.trim() !== ''
    case 'review':
      return true
  }
}

/** Founding, a step a screen; what was entered stays when one goes back. */
export function Found({ onBack }: { onBack: () => void }) {
  const choices = useQuery(foundingQuery)
  return <Loaded query={choices}>{(known) => <Steps choices={known} onBack={onBack} />}</Loaded>
}

function Steps({ choices, onBack }: { choices: FoundingChoices; onBack: () => void }) {
  const { t } = useTranslation()
  const [step, setStep] = useState<Step>('treasury')
  const [draft, setDraft] = useState<FoundingDraft>(EMPTY)
  const [readable, setReadable] = useState(false)
  const at = STEPS.indexOf(step)
  const change = (part: Partial<FoundingDraft>) => setDraft((now) => ({ ...now, ...part }))
  const next = STEPS[at + 1]
  const ready = complete(step, draft) && (step !== 'policy' || readable)
  return (
    <div className="stack-wide">
      <div>
        <Button look="quiet" icon={ArrowLeft} onClick={() => (at === 0 ? onBack() : setStep(STEPS[at - 1]!))}>
          {t('parts.back')}
        </Button>
        <p className="sub first-step">{t('start.step', { step: at + 1, of: STEPS.length })}</p>
        <h1 className="first-title">{t(`start.steps.${step}`)}</h1>
        <p className="page-lead">{t(`start.stepLeads.${step}`)}</p>
      </div>
      {choices.test_roots && <Notice tone="wait" title={t('start.testRoots')} />}
      {step === 'treasury' && <TreasuryFields draft={draft} networks={choices.networks} onChange={change} />}
      {step === 'founders' && <Founders draft={draft} enrolments={choices.enrolments} onChange={change} />}
      {step === 'policy' && <PolicyChoice draft={draft} templates={choices.policies} onChange={change} onReadable={setReadable} />}
      {step === 'review' && <Review draft={draft} choices={choices} onChange={change} />}
      {next && (
        <div className="form-foot">
          <Button look="primary" data-testid="next" disabled={!ready} onClick={() => setStep(next)}>
            {t('parts.next')}
          </Button>
          {step === 'founders' && draft.officers.length < 2 && <span className="sub">{t('start.twoFounders')}</span>}
        </div>
      )}
    </div>
  )
}

function Review({ draft, choices, onChange }: { draft: FoundingDraft; choices: FoundingChoices; onChange: (part: Partial<FoundingDraft>) => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const keys = useQuery(keysQuery)
  const found = useMutation({ mutationFn: () => api.found(draft), onSuccess: () => client.invalidateQueries() })
  const error = found.error && !isCancelled(found.error) ? found.error : null
  const serial = (name: string) => choices.enrolments.find((one) => one.name === name)?.serial
  const missing = draft.officers.filter((name) => !keys.data?.some((key) => key.serial === serial(name)))
  return (
    <div className="stack">
      <div className="card card-body">
        <Facts
          items={[
            [t('settings.treasury'), draft.name],
            [t('start.networks'), draft.networks.map(networkWords).join(', ')],
            [t('start.foundersLabel'), draft.officers.map((name) => `${name} (${serial(name)})`).join(', ')],
            [t('settings.machine'), `${draft.machine}, ${t('officers.administered', { names: draft.administrators.join(', ') })}`],
          ]}
        />
      </div>
      <Notice tone="wait" title={t('grade.singleHost')}>
        {t('start.singleHost')}
      </Notice>
      {draft.networks.some(isMainnet) && <TextField label={t('start.waiver')} value={draft.waiver ?? ''} onChange={(waiver) => onChange({ waiver: waiver === '' ? null : waiver })} hint={t('start.waiverHint')} />}
      {missing.length > 0 && (
        <Notice tone="wait" title={t('start.missingKeys', { names: missing.join(', ') })}>
          {t('start.missingKeysText')}
        </Notice>
      )}
      {error && <ErrorNotice error={error} />}
      <div className="form-foot">
        <Button look="primary" data-testid="found" busy={found.isPending} onClick={() => found.mutate()}>
          {t('start.sign', { name: draft.name, count: draft.officers.length })}
        </Button>
        <span className="sub">{t('start.signHint')}</span>
      </div>
    </div>
  )
}
