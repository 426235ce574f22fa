import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api } from '../../data/api'
import { isCancelled } from '../../data/error'
import { keysQuery } from '../../data/queries'
import { go } from '../../frame/router'
import { Button } from '../../parts/button'
import { TextField } from '../../parts/field'
import { ErrorNotice } from '../../parts/states'

/** A machine that takes up a treasury from its backup. Its first act is to ask the quorum whether it may. */
export function Join({ home, onBack }: { home: string; onBack: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const keys = useQuery(keysQuery)
  const [folder, setFolder] = useState('')
  const [officer, setOfficer] = useState('')
  const [machine, setMachine] = useState('')
  const [administrators, setAdministrators] = useState('')
  const names = administrators.split(',').map((name) => name.trim()).filter((name) => name !== '')
  const join = useMutation({
    mutationFn: () => api.join({ folder: folder.trim(), officer: officer.trim(), machine: machine.trim(), administrators: names }),
    onSuccess: (id) => {
      go({ page: 'proposal', id })
      return client.invalidateQueries()
    },
  })
  const error = join.error && !isCancelled(join.error) ? join.error : null
  const ready = folder.trim() !== '' && officer.trim() !== '' && machine.trim() !== '' && names.length > 0
  return (
    <form
      className="stack-wide"
      onSubmit={(event) => {
        event.preventDefault()
        join.mutate()
      }}
    >
      <div>
        <Button look="quiet" icon={ArrowLeft} onClick={onBack}>
          {t('parts.back')}
        </Button>
        <h1 className="first-title">{t('start.join')}</h1>
        <p className="page-lead">{t('start.joinLead')}</p>
      </div>
      <TextField label={t('start.backup')} required mono value={folder} onChange={setFolder} placeholder="/media/usb/backup" hint={t('start.backupHint', { home })} />
      <TextField label={t('start.joinOfficer')} required value={officer} onChange={setOfficer} hint={t(keys.data?.length === 0 ? 'start.joinPlug' : 'start.joinOfficerHint')} />
      <div className="two">
        <TextField label={t('start.machine')} required value={machine} onChange={setMachine} placeholder="treasury-desk-2" hint={t('start.machineHint')} />
        <TextField label={t('start.administrators')} required value={administrators} onChange={setAdministrators} hint={t('start.administratorsHint')} />
      </div>
      {error && <ErrorNotice error={error} />}
      <div className="form-foot">
        <Button type="submit" look="primary" data-testid="join" disabled={!ready} busy={join.isPending}>
          {t('start.joinNow')}
        </Button>
        <span className="sub">{t('start.joinAfter')}</span>
      </div>
    </form>
  )
}
