import { useQuery } from '@tanstack/react-query'
import { KeyRound, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { usePropose } from '../../data/acts'
import { api } from '../../data/api'
import { isCancelled } from '../../data/error'
import { enrolmentsQuery, keysQuery, officersQuery } from '../../data/queries'
import type { EnrolmentView, PluggedKey } from '../../data/types'
import { useHanded } from '../../frame/router'
import { Notice } from '../../parts/badge'
import { Button } from '../../parts/button'
import { Choices } from '../../parts/field'
import { KeySetup } from '../../parts/key-setup'
import { Facts, PageBody, Section } from '../../parts/page'
import { Proposer } from '../../parts/proposer'
import { Empty, ErrorNotice, Loaded } from '../../parts/states'

/** A new officer: plug in, name, let the key make its own keys and prove where they were made; then the quorum decides. */
export function Enrol() {
  const { t } = useTranslation()
  const keys = useQuery(keysQuery)
  const [done, setDone] = useState<EnrolmentView | null>(null)
  return (
    <PageBody title={t('enrol.title')} lead={t('enrol.lead')}>
      {done ? (
        <Attested enrolment={done} />
      ) : (
        <Loaded query={keys} lines={4}>
          {(all) => <Wizard keys={all.filter((key) => key.officer === null)} onEnrolled={setDone} />}
        </Loaded>
      )}
    </PageBody>
  )
}

function Wizard({ keys, onEnrolled }: { keys: PluggedKey[]; onEnrolled: (enrolment: EnrolmentView) => void }) {
  const { t } = useTranslation()
  const handed = useHanded('serial')
  const [serial, setSerial] = useState(handed ?? '')
  const officers = useQuery(officersQuery)
  const enrolments = useQuery(enrolmentsQuery)
  const chosen = keys.find((key) => String(key.serial) === serial) ?? keys[0]
  if (!chosen) {
    return (
      <div className="card">
        <Empty icon={KeyRound} title={t('enrol.plugIn')}>
          {t('enrol.plugInText')}
        </Empty>
      </div>
    )
  }
  const names = [...(officers.data ?? []), ...(enrolments.data ?? [])].map((one) => one.name.toLowerCase())
  return (
    <div className="stack-wide">
      <Choices
        legend={t('enrol.which')}
        value={String(chosen.serial)}
        onChange={setSerial}
        choices={keys.map((key) => ({ value: String(key.serial), label: t('enrol.key', { serial: key.serial }), detail: t('officers.firmware', { firmware: key.firmware }), aside: t(`keys.${key.state}`) }))}
      />
      <KeySetup key={chosen.serial} serial={chosen.serial} taken={(name) => names.includes(name.toLowerCase())} onEnrolled={onEnrolled} />
    </div>
  )
}

function Attested({ enrolment }: { enrolment: EnrolmentView }) {
  const { t } = useTranslation()
  const propose = usePropose((name: string, officer) => api.proposeOfficer(name, officer))
  const error = propose.error && !isCancelled(propose.error) ? propose.error : null
  const { name } = enrolment
  return (
    <Section id="attested" title={t('enrol.attested', { name })}>
      <div className="stack">
        <Notice tone="done" title={t('enrol.attestedTitle')}>
          {t('enrol.attestedText')}
        </Notice>
        <div className="card card-body">
          <Facts
            items={[
              [t('officers.officer'), name],
              [t('officers.key'), t('keys.serial', { serial: enrolment.serial, firmware: enrolment.firmware })],
              enrolment.waiver !== null && [t('enrol.waiver'), enrolment.waiver],
            ]}
          />
        </div>
        {error && <ErrorNotice error={error} />}
        <div className="form-foot">
          <Button look="primary" icon={ShieldCheck} busy={propose.isPending} onClick={() => propose.mutate(name)}>
            {t('enrol.propose', { name })}
          </Button>
          <Proposer />
        </div>
        <p className="sub">{t('enrol.proposeHint')}</p>
      </div>
    </Section>
  )
}
