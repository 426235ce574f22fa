import { KeyRound } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { actAs, useMe, useProposer } from '../data/me'

/** Who signs what is proposed: said beside the button, to be chosen where several keys are here. */
export function Proposer() {
  const { t } = useTranslation()
  const me = useMe()
  const proposer = useProposer()
  if (proposer === null) {
    return (
      <span className="proposer text-wait">
        <KeyRound size={14} aria-hidden /> {t('proposer.none')}
      </span>
    )
  }
  if (me.length === 1) return <span className="proposer">{t('proposer.as', { name: proposer })}</span>
  return (
    <label className="proposer">
      {t('proposer.asOne')}
      <select className="input select proposer-select" value={proposer} onChange={(event) => actAs(event.target.value)}>
        {me.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
