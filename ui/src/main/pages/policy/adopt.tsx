import { useQuery } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { useDeferredValue, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { usePropose } from '../../data/acts'
import { api } from '../../data/api'
import { isCancelled } from '../../data/error'
import { Notice } from '../../parts/badge'
import { Button } from '../../parts/button'
import { Diff } from '../../parts/diff'
import { Field } from '../../parts/field'
import { Section } from '../../parts/page'
import { Proposer } from '../../parts/proposer'
import { ErrorNotice, Skeleton } from '../../parts/states'
import { policyError } from './policy-error'
import { Sentences } from './sentences'

/** Another policy from a file: read and said in sentences, and what it changes, before it is proposed. */
export function Adopt({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const [name, setName] = useState<string | null>(null)
  const asked = useDeferredValue(text)
  const check = useQuery({ queryKey: ['policy', 'check', asked], queryFn: () => api.checkPolicy(asked), enabled: asked.trim() !== '', gcTime: 30_000 })
  const propose = usePropose((policy: string, officer) => api.proposePolicy(policy, officer))
  const error = propose.error && !isCancelled(propose.error) ? propose.error : null
  const answer = asked.trim() === '' ? undefined : check.data
  return (
    <Section id="adopt" title={t('policy.adopt')} aside={<Button look="quiet" onClick={onClose}>{t('parts.cancel')}</Button>}>
      <div className="stack">
        <Choose name={name} onText={(chosen, content) => (setName(chosen), setText(content))} />
        {text !== '' && (
          <Field label={t('policy.text')} error={answer?.error && policyError(answer.error, t)}>
            {(props) => <textarea {...props} className="input mono" rows={10} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />}
          </Field>
        )}
        {check.isFetching && !answer && <Skeleton />}
        {check.error && <ErrorNotice error={check.error} />}
        {answer?.view && (
          <>
            <Notice tone="wait" title={t('policy.voids')}>
              {t('policy.voidsText')}
            </Notice>
            <h3>{t('policy.changes')}</h3>
            {answer.diff === '' ? <p className="faint">{t('policy.noChange')}</p> : <Diff text={answer.diff} label={t('policy.changes')} />}
            <h3>{t('policy.wouldMean')}</h3>
            <Sentences words={answer.view.words} />
          </>
        )}
        {error && <ErrorNotice error={error} />}
        {answer?.view && (
          <div className="form-foot">
            <Button look="primary" data-testid="propose" disabled={answer.diff === ''} busy={propose.isPending} onClick={() => propose.mutate(text)}>
              {t('policy.propose')}
            </Button>
            <Proposer />
          </div>
        )}
      </div>
    </Section>
  )
}

function Choose({ name, onText }: { name: string | null; onText: (name: string, text: string) => void }) {
  const { t } = useTranslation()
  const file = useRef<HTMLInputElement>(null)
  const [trouble, setTrouble] = useState<string | null>(null)
  const read = async (chosen: File | undefined) => {
    if (!chosen) return
    try {
      onText(chosen.name, await chosen.text())
      setTrouble(null)
    } catch {
      setTrouble(t('batch.unreadable', { name: chosen.name }))
    }
  }
  return (
    <div className="form-foot">
      <input ref={file} type="file" accept=".toml,text/plain" className="hidden" tabIndex={-1} aria-label={t('policy.choose')} onChange={(event) => void read(event.target.files?.[0])} />
      <Button icon={FileUp} onClick={() => file.current?.click()}>
        {t('policy.choose')}
      </Button>
      <span className="sub">{trouble ?? name ?? t('policy.chooseHint')}</span>
    </div>
  )
}
