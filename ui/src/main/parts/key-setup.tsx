import { useMutation, useQuery } from '@tanstack/react-query'
import { KeyRound, Wrench } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api } from '../data/api'
import { isCancelled } from '../data/error'
import { readinessQuery } from '../data/queries'
import type { EnrolmentView, ExistingKeysChoice, ObstacleKind, StepProgress } from '../data/types'
import { Notice } from './badge'
import { Button } from './button'
import { Choices, TextField } from './field'
import { Progress, useSteps } from './progress'
import { ErrorNotice, Loaded } from './states'

const FACTORY: ObstacleKind[] = ['factory_pin', 'factory_puk', 'factory_management_key']

/** One key made ready and enrolled: its factory secrets changed, its keys made on it and attested. */
export function KeySetup({ serial, taken, onEnrolled }: { serial: number; taken: (name: string) => boolean; onEnrolled?: (enrolment: EnrolmentView) => void }) {
  const readiness = useQuery(readinessQuery(serial))
  return (
    <Loaded query={readiness} lines={2}>
      {(ready) => {
        const factory = ready.obstacles.filter((obstacle) => FACTORY.includes(obstacle.kind))
        if (factory.length > 0) return <Prepare serial={serial} obstacles={factory.map((obstacle) => obstacle.words)} onReady={() => void readiness.refetch()} />
        const blocked = ready.obstacles.find((obstacle) => obstacle.kind === 'pin_blocked')
        if (blocked) return <Notice tone="stop" title={blocked.words} />
        return (
          <Enrol
            serial={serial}
            taken={taken}
            old={ready.obstacles.find((obstacle) => obstacle.kind === 'old_firmware')?.words ?? null}
            occupied={ready.obstacles.find((obstacle) => obstacle.kind === 'occupied')?.words ?? null}
            onEnrolled={onEnrolled}
          />
        )
      }}
    </Loaded>
  )
}

function Prepare({ serial, obstacles, onReady }: { serial: number; obstacles: string[]; onReady: () => void }) {
  const { t } = useTranslation()
  const { steps, add, clear } = useSteps()
  const [current, setCurrent] = useState<StepProgress | null>(null)
  const prepare = useMutation({ mutationFn: () => api.prepareKey(serial, (step) => (setCurrent(step), add(step))), onMutate: clear, onSuccess: onReady })
  return (
    <div className="stack">
      <Notice tone="wait" title={t('enrol.factory')}>
        <ul>
          {obstacles.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      </Notice>
      {prepare.isPending && <Progress steps={steps} current={current} />}
      {prepare.error && !isCancelled(prepare.error) && <ErrorNotice error={prepare.error} />}
      <div className="form-foot">
        <Button look="primary" icon={Wrench} data-testid="prepare-key" busy={prepare.isPending} onClick={() => prepare.mutate()}>
          {t('enrol.prepare')}
        </Button>
        <span className="sub">{t('enrol.prepareHint')}</span>
      </div>
    </div>
  )
}

function Enrol({ serial, taken, old, occupied, onEnrolled }: { serial: number; taken: (name: string) => boolean; old: string | null; occupied: string | null; onEnrolled?: (enrolment: EnrolmentView) => void }) {
  const { t } = useTranslation()
  const { steps, add, clear } = useSteps()
  const [current, setCurrent] = useState<StepProgress | null>(null)
  const [name, setName] = useState('')
  const [waiver, setWaiver] = useState('')
  const [existing, setExisting] = useState<ExistingKeysChoice>('refuse')
  const enrol = useMutation({
    mutationFn: () => api.enrol(serial, name.trim(), existing, old && waiver.trim() ? waiver.trim() : null, (step) => (setCurrent(step), add(step))),
    onMutate: clear,
    onSuccess: onEnrolled,
  })
  const used = taken(name.trim())
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        enrol.mutate()
      }}
    >
      <TextField label={t('enrol.name')} required value={name} onChange={setName} hint={t('enrol.nameHint')} error={used ? t('enrol.taken') : null} />
      {occupied && (
        <>
          <Notice tone="wait" title={occupied} />
          <Choices
            legend={t('enrol.existing')}
            value={existing}
            onChange={setExisting}
            choices={(['refuse', 'keep', 'replace_for_good'] as const).map((value) => ({ value, label: t(`enrol.existingChoices.${value}`) }))}
          />
        </>
      )}
      {old && (
        <>
          <Notice tone="wait" title={old} />
          <TextField label={t('enrol.waiver')} value={waiver} onChange={setWaiver} hint={t('enrol.waiverHint')} />
        </>
      )}
      {enrol.isPending && <Progress steps={steps} current={current} />}
      {enrol.error && !isCancelled(enrol.error) && <ErrorNotice error={enrol.error} />}
      <div className="form-foot">
        <Button type="submit" look="primary" icon={KeyRound} data-testid="enrol" disabled={name.trim() === '' || used || (occupied !== null && existing === 'refuse') || (old !== null && waiver.trim() === '')} busy={enrol.isPending}>
          {t('enrol.start', { serial })}
        </Button>
        <span className="sub">{t('enrol.startHint')}</span>
      </div>
    </form>
  )
}
