import { useTranslation } from 'react-i18next'

import { Dialog } from '../parts/dialog'

const KEYS = [
  [['Ctrl', 'K'], 'help.palette'],
  [['j'], 'help.down'],
  [['k'], 'help.up'],
  [['Enter'], 'help.open'],
  [['/'], 'help.filter'],
  [['n'], 'help.new'],
  [['Esc'], 'help.back'],
  [['F8'], 'help.freeze'],
  [['?'], 'help.help'],
] as const

export function Help({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useTranslation()
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t('help.title')} description={t('help.lead')}>
      <dl className="help-grid">
        {KEYS.map(([keys, what]) => (
          <div key={what} className="contents">
            <dt className="flex gap-1">
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
