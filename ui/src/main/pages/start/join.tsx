import { ArrowLeft } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { Button } from '../../parts/button'

/** How a machine takes up a treasury from its backup: in the terminal, where the backup is read and checked. */
export function Join({ home, onBack }: { home: string; onBack: () => void }) {
  const { t } = useTranslation()
  return (
    <div className="stack-wide">
      <div>
        <Button look="quiet" icon={ArrowLeft} onClick={onBack}>
          {t('parts.back')}
        </Button>
        <h1 className="first-title">{t('start.join')}</h1>
        <p className="page-lead">{t('start.joinLead')}</p>
      </div>
      <ol className="join-steps">
        <li>{t('start.joinOne')}</li>
        <li>
          {t('start.joinTwo')}
          <pre className="card policy-text mono" tabIndex={0}>
            {`countersign restore BACKUP --as OFFICER --machine NAME --administrator NAME --home ${home}`}
          </pre>
        </li>
        <li>{t('start.joinThree')}</li>
      </ol>
    </div>
  )
}
