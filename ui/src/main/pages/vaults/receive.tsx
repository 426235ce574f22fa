import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { receiveQuery } from '../../data/queries'
import type { Vault } from '../../data/types'
import { Address } from '../../parts/address'
import { Button } from '../../parts/button'
import { TextField } from '../../parts/field'
import { Section } from '../../parts/page'
import { Qr } from '../../parts/qr'
import { Loaded } from '../../parts/states'

const MOST = 2 ** 31 - 1

/** Where money is sent to: the address, to compare, and the same as a code to photograph. */
export function Receive({ vault }: { vault: Vault }) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const [deposit, setDeposit] = useState<number | null>(null)
  const receive = useQuery({ ...receiveQuery(vault.name, deposit), enabled: vault.deposits })
  const number = /^\d{1,10}$/.test(typed) ? Number(typed) : null
  const wrong = typed !== '' && (number === null || number < 1 || number > MOST)
  return (
    <Section id="receive" title={t('vaults.receive')}>
      <div className="card card-body receive">
        {!vault.deposits && !receive.data && !receive.error ? (
          <Button look="primary" busy={receive.isFetching} onClick={() => void receive.refetch()}>
            {t('vaults.showAddress')}
          </Button>
        ) : (
        <Loaded query={receive} lines={5}>
          {(at) => (
            <>
              <Qr text={at.uri} label={t('vaults.qr', { address: at.address })} />
              <Address of={at.address} label={t('vaults.addressOfVault', { vault: vault.name })} />
              {vault.deposits && <p className="sub">{deposit === null ? t('vaults.mainAddress') : t('vaults.deposit', { index: deposit })}</p>}
            </>
          )}
        </Loaded>
        )}
        {vault.deposits ? (
          <form
            className="deposit"
            onSubmit={(event) => {
              event.preventDefault()
              if (!wrong) setDeposit(number)
            }}
          >
            <TextField label={t('vaults.depositNumber')} inputMode="numeric" value={typed} onChange={setTyped} error={wrong ? t('vaults.depositWrong') : null} hint={t('vaults.depositHint')} />
            <Button type="submit">{t('vaults.show')}</Button>
          </form>
        ) : (
          <>
            {receive.data && (
              <Button busy={receive.isFetching} onClick={() => void receive.refetch()}>
                {t('vaults.fresh')}
              </Button>
            )}
            <p className="sub">{t('vaults.freshHint')}</p>
          </>
        )}
        <p className="sub">{t('vaults.receiveHint', { network: vault.network_words })}</p>
      </div>
    </Section>
  )
}
