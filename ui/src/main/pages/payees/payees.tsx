import { useQuery } from '@tanstack/react-query'
import { BookUser, Pencil, Search, Trash2, UserPlus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { tell, usePropose } from '../../data/acts'
import { api } from '../../data/api'
import { payeesQuery } from '../../data/queries'
import type { Payee } from '../../data/types'
import { go, path } from '../../frame/router'
import { Address } from '../../parts/address'
import { Badge } from '../../parts/badge'
import { Button, IconButton } from '../../parts/button'
import { count, useLocale } from '../../parts/format'
import { PageBody } from '../../parts/page'
import { Empty, Loaded } from '../../parts/states'
import { Time } from '../../parts/time'
import { Pending } from '../overview/pending'
import { EditPayee } from './edit-payee'

const YOUNG = 7 * 24 * 60 * 60 * 1000

export function Payees() {
  const { t } = useTranslation()
  const payees = useQuery(payeesQuery)
  const [text, setText] = useState('')
  const [edited, setEdited] = useState<Payee | 'new' | null>(null)
  return (
    <PageBody
      wide
      title={t('payees.title')}
      lead={t('payees.lead')}
      actions={
        <Button look="primary" icon={UserPlus} hint="n" data-key="n" onClick={() => setEdited('new')}>
          {t('payees.add')}
        </Button>
      }
    >
      <Pending kinds={['payee']} />
      <Loaded query={payees} lines={6}>
        {(all) =>
          all.length === 0 ? (
            <div className="card">
              <Empty
                icon={BookUser}
                title={t('payees.none')}
                action={
                  <Button look="primary" onClick={() => setEdited('new')}>
                    {t('payees.add')}
                  </Button>
                }
              >
                {t('payees.noneText')}
              </Empty>
            </div>
          ) : (
            <>
              <div className="filters">
                <div className="search">
                  <Search size={16} aria-hidden />
                  <input className="input" data-key="/" aria-label={t('payees.search')} placeholder={t('payees.search')} value={text} onChange={(event) => setText(event.target.value)} />
                  <kbd aria-hidden>/</kbd>
                </div>
              </div>
              <Book payees={all.filter((payee) => fits(payee, text))} onEdit={setEdited} />
            </>
          )
        }
      </Loaded>
      <EditPayee edited={edited} onClose={() => setEdited(null)} />
    </PageBody>
  )
}

function fits(payee: Payee, text: string): boolean {
  const wanted = text.trim().toLowerCase().replace(/\s/g, '')
  const whole = `${payee.name} ${payee.address} ${payee.lists.join(' ')} ${payee.network_words}`
  return whole.toLowerCase().replace(/\s/g, '').includes(wanted)
}

function Book({ payees, onEdit }: { payees: Payee[]; onEdit: (payee: Payee) => void }) {
  const { t } = useTranslation()
  const remove = usePropose((name: string, officer) => api.proposePayeeRemoval(name, officer))
  if (payees.length === 0) return <Empty icon={Search} title={t('payouts.noneFound')} />
  return (
    <div className="card">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('payees.name')}</th>
            <th scope="col">{t('payees.address')}</th>
            <th scope="col">{t('payees.paid')}</th>
            <th scope="col">
              <span className="sr-only">{t('payees.acts')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {payees.map((payee) => (
            <Entry key={payee.name} payee={payee} onEdit={() => onEdit(payee)} onRemove={() => remove.mutate(payee.name, { onError: tell })} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Entry({ payee, onEdit, onRemove }: { payee: Payee; onEdit: () => void; onRemove: () => void }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const young = Date.now() - new Date(payee.since).getTime() < YOUNG
  return (
    <tr>
      <td className="payee-cell">
        <p className="font-medium">{payee.name}</p>
        <p className={young ? 'sub text-wait' : 'sub'}>
          {t(young ? 'payees.new' : 'payees.since')} <Time at={payee.since} />
        </p>
        {payee.lists.length > 0 && <p className="sub">{t('payees.lists', { lists: payee.lists.join(', ') })}</p>}
        {payee.pending && (
          <a href={path({ page: 'proposal', id: payee.pending })} className="sub">
            {t('payees.pending')}
          </a>
        )}
      </td>
      <td>
        <Address of={payee.address} label={t('parts.addressOf', { name: payee.name })} />
        <p className="sub">{payee.network_words}</p>
        {payee.look_alike && <Badge tone="wait">{t('payees.lookAlike', { name: payee.look_alike })}</Badge>}
      </td>
      <td className="whitespace-nowrap">
        <p>{payee.paid_count > 0 ? t('payees.times', { count: payee.paid_count, shown: count(payee.paid_count, locale) }) : t('payees.never')}</p>
        {payee.last_paid && (
          <p className="sub">
            {t('payees.last')} <Time at={payee.last_paid} />
          </p>
        )}
      </td>
      <td className="row-acts">
        <Button data-row aria-label={t('palette.pay', { name: payee.name })} onClick={() => go({ page: 'new-payout' }, { payee: payee.name })}>
          {t('payees.pay')}
        </Button>
        <IconButton label={t('payees.change', { name: payee.name })} icon={Pencil} onClick={onEdit} />
        <IconButton label={t('payees.remove', { name: payee.name })} icon={Trash2} onClick={onRemove} />
      </td>
    </tr>
  )
}
