import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { tell } from '../data/acts'
import { api } from '../data/api'
import { useProposer } from '../data/me'
import { Button } from './button'

/** After a jump of the clock nothing goes on until an officer says that it is right. */
export function ConfirmClock() {
  const { t } = useTranslation()
  const officer = useProposer()
  const confirm = useMutation({ mutationFn: (name: string) => api.confirmClock(name), onError: tell })
  return (
    <Button disabled={officer === null} busy={confirm.isPending} onClick={() => officer !== null && confirm.mutate(officer)}>
      {t('parts.clockIsRight')}
    </Button>
  )
}
