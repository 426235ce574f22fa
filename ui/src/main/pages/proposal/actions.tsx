import { useMutation } from '@tanstack/react-query'
import { FileDown, Fingerprint, KeyRound, Snowflake, TrendingUp, Undo2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { tell, usePropose, useSheet } from '../../data/acts'
import { api } from '../../data/api'
import type { ProposalDetail } from '../../data/types'
import { Button } from '../../parts/button'
import { say } from '../../parts/toast'
import { isPaying } from './stations'

export function Actions({ of }: { of: ProposalDetail }) {
  const { t } = useTranslation()
  const sheet = useSheet()
  const can = new Set(of.can)
  const freeze = useMutation({ mutationFn: () => api.openFreeze({ what: 'payout', id: of.row.id }), onError: tell })
  const bump = useMutation({ mutationFn: () => api.bump(of.row.id), onError: tell })
  const cancel = usePropose((id: string, officer) => api.proposeCancel(id, officer))
  const open = (purpose: 'decide' | 'release') => sheet.mutate({ id: of.row.id, purpose })
  return (
    <div className="actions">
      {(can.has('approve') || can.has('decline')) && (
        <Button look="primary" icon={Fingerprint} data-testid="open-sheet" busy={sheet.isPending} onClick={() => open('decide')}>
          {t('acts.decide')}
        </Button>
      )}
      {can.has('release') && (
        <Button look="primary" icon={KeyRound} data-testid="open-release" busy={sheet.isPending} onClick={() => open('release')}>
          {t('acts.release')}
        </Button>
      )}
      {can.has('bump') && (
        <Button icon={TrendingUp} data-testid="bump" busy={bump.isPending} onClick={() => bump.mutate()}>
          {t('acts.bump')}
        </Button>
      )}
      {can.has('cancel') && (
        <Button icon={Undo2} data-testid="cancel" busy={cancel.isPending} onClick={() => cancel.mutate(of.row.id, { onError: tell })}>
          {t('acts.cancel')}
        </Button>
      )}
      {can.has('freeze') && isPaying(of.row) && (
        <Button look="stop" icon={Snowflake} data-testid="freeze-payout" busy={freeze.isPending} onClick={() => freeze.mutate()}>
          {t('acts.freezeThis')}
        </Button>
      )}
      <Receipt of={of} />
    </div>
  )
}

function Receipt({ of }: { of: ProposalDetail }) {
  const { t } = useTranslation()
  const receipt = useMutation({
    mutationFn: () => api.exportReceipt(of.row.id),
    onSuccess: ({ path }) => say(t('proposal.receiptWritten', { path })),
    onError: tell,
  })
  return (
    <Button icon={FileDown} data-testid="receipt" busy={receipt.isPending} onClick={() => receipt.mutate()}>
      {t('proposal.receipt')}
    </Button>
  )
}
