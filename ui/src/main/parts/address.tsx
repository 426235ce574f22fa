import clsx from 'clsx'
import { useTranslation } from 'react-i18next'

import { CopyButton } from './copy'

const GROUP = 4

/** Groups of four; an Ethereum address begins with its mark. */
export function groups(address: string): string[] {
  const start = /^0x/i.test(address) ? 2 : 0
  const found = start ? [address.slice(0, start)] : []
  for (let at = start; at < address.length; at += GROUP) found.push(address.slice(at, at + GROUP))
  return found
}

/** A whole address, to be compared: never cut, in fours, the first and the last group stronger. */
export function Address({ of, label, copy = true, className }: { of: string; label?: string; copy?: boolean; className?: string }) {
  const { t } = useTranslation()
  const parts = groups(of)
  const first = /^0x$/i.test(parts[0] ?? '') ? 1 : 0
  return (
    <span className={clsx('address', className)}>
      <span className="address-groups" aria-hidden>
        {parts.map((part, at) => (
          <span key={at} className={at === first || at === parts.length - 1 ? 'address-strong' : undefined}>
            {part}
          </span>
        ))}
      </span>
      <span className="sr-only">{of}</span>
      {copy && <CopyButton text={of} what={label ?? t('parts.address')} />}
    </span>
  )
}

/** A name where no decision hangs on the address; the address by hover, focus and copying. */
export function PayeeName({ name, address }: { name: string | null; address: string }) {
  const { t } = useTranslation()
  return (
    <span className="payee-name" title={groups(address).join(' ')}>
      {name ?? <span className="mono">{`${address.slice(0, 10)}…${address.slice(-6)}`}</span>}
      <CopyButton text={address} what={name ? t('parts.addressOf', { name }) : t('parts.address')} />
    </span>
  )
}
