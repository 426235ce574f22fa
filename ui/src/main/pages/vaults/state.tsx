import { Snowflake } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { SeatState, Vault, VaultState as Stage } from '../../data/types'
import { Badge, type Tone } from '../../parts/badge'

const TONES: Record<Stage, Tone> = { proposed: 'wait', ordered: 'wait', making_keys: 'act', ready: 'fine' }

export function VaultState({ vault }: { vault: Vault }) {
  const { t } = useTranslation()
  if (vault.held) {
    return (
      <Badge tone="stop" icon={Snowflake}>
        {t('status.frozen')}
      </Badge>
    )
  }
  return <Badge tone={TONES[vault.state]}>{t(`vaults.stages.${vault.state}`)}</Badge>
}

const SEAT_TONES: Record<SeatState['state'], Tone> = { ready: 'fine', sealed: 'plain', missing: 'stop', banned: 'stop' }

/** Before a vault's keys are made no seat has a share, and nothing is wrong with that. */
export function SeatBadge({ seat, made }: { seat: SeatState; made: boolean }) {
  const { t } = useTranslation()
  if (!made && seat.state === 'missing') return <Badge tone="plain">{t('vaults.noShareYet')}</Badge>
  return <Badge tone={SEAT_TONES[seat.state]}>{t(`vaults.seatStates.${seat.state}`)}</Badge>
}
