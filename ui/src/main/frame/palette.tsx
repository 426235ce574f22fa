import { useQuery } from '@tanstack/react-query'
import { BookUser, FilePlus2, type LucideIcon, Moon, ScrollText, Send, Snowflake, Sun, Table2, Vault } from 'lucide-react'
import { Dialog } from 'radix-ui'
import { useDeferredValue, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { payeesQuery, someProposals, vaultsQuery } from '../data/queries'
import { setTheme, useTheme } from '../theme'
import { freezeEverything } from './keys'
import { PLACES } from './nav'
import { go } from './router'

interface Item {
  id: string
  label: string
  detail?: string
  icon: LucideIcon
  run: () => void
}

interface Group {
  title: string
  items: Item[]
}

export function Palette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useTranslation()
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="dialog palette" aria-describedby={undefined}>
          <Dialog.Title className="sr-only">{t('palette.title')}</Dialog.Title>
          <Search onDone={() => onOpenChange(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function useGroups(text: string): Group[] {
  const { t } = useTranslation()
  const theme = useTheme()
  const wanted = text.trim().toLowerCase()
  const fits = (label: string) => label.toLowerCase().includes(wanted)
  const proposals = useQuery({ ...someProposals({ text: wanted }, 6), enabled: wanted.length > 1 })
  const payees = useQuery(payeesQuery)
  const vaults = useQuery(vaultsQuery)
  const acts: Item[] = [
    { id: 'new', label: t('newPayout.title'), icon: FilePlus2, detail: 'n', run: () => go({ page: 'new-payout' }) },
    { id: 'table', label: t('batch.title'), icon: Table2, run: () => go({ page: 'new-batch' }) },
    { id: 'freeze', label: t('palette.freeze'), icon: Snowflake, detail: 'F8', run: () => void freezeEverything() },
    theme === 'dark'
      ? { id: 'light', label: t('palette.light'), icon: Sun, run: () => setTheme('light') }
      : { id: 'dark', label: t('palette.dark'), icon: Moon, run: () => setTheme('dark') },
  ]
  const places: Item[] = PLACES.map(({ place, icon }) => ({ id: place, label: t(`nav.${place}`), icon, run: () => go({ page: place }) }))
  const found: Item[] = wanted.length > 1 ? (proposals.data?.rows ?? []).map((row) => ({ id: row.id, label: row.summary, detail: t(`status.${row.status}`), icon: row.kind === 'policy' ? ScrollText : Send, run: () => go({ page: 'proposal', id: row.id }) })) : []
  const people: Item[] = wanted.length > 1 ? (payees.data ?? []).map((payee) => ({ id: `payee-${payee.name}`, label: t('palette.pay', { name: payee.name }), detail: payee.network_words, icon: BookUser, run: () => go({ page: 'new-payout' }, { payee: payee.name }) })) : []
  const stores: Item[] = (vaults.data ?? []).map((vault) => ({ id: `vault-${vault.name}`, label: vault.name, detail: vault.network_words, icon: Vault, run: () => go({ page: 'vault', name: vault.name }) }))
  const keep = (items: Item[]) => items.filter((item) => fits(item.label)).slice(0, 8)
  return [
    { title: t('palette.acts'), items: keep(acts) },
    { title: t('palette.proposals'), items: found },
    { title: t('frame.pages'), items: keep(places) },
    { title: t('nav.payees'), items: keep(people) },
    { title: t('nav.vaults'), items: keep(stores) },
  ].filter((group) => group.items.length > 0)
}

function Search({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation()
  const list = useId()
  const [text, setText] = useState('')
  const [active, setActive] = useState(0)
  const groups = useGroups(useDeferredValue(text))
  const items = groups.flatMap((group) => group.items)
  const current = items[Math.min(active, items.length - 1)]
  const run = (item: Item | undefined) => {
    if (!item) return
    onDone()
    item.run()
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0) {
      event.preventDefault()
      setActive((at) => (at + step + items.length) % Math.max(1, items.length))
    } else if (event.key === 'Enter') {
      event.preventDefault()
      run(current)
    }
  }
  return (
    <>
      <input
        className="palette-input"
        role="combobox"
        aria-label={t('palette.title')}
        aria-expanded
        aria-controls={list}
        aria-activedescendant={current ? `${list}-${current.id}` : undefined}
        placeholder={t('palette.placeholder')}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setActive(0)
        }}
        onKeyDown={onKeyDown}
      />
      <div id={list} className="palette-list" role="listbox" aria-label={t('palette.title')}>
        {items.length === 0 && <p className="palette-group">{t('palette.nothing', { text })}</p>}
        {groups.map((group) => (
          <div key={group.title} role="group" aria-label={group.title}>
            <p className="palette-group" aria-hidden>
              {group.title}
            </p>
            {group.items.map((item) => (
              <Row key={item.id} item={item} id={`${list}-${item.id}`} active={item === current} onRun={() => run(item)} />
            ))}
          </div>
        ))}
      </div>
    </>
  )
}

function Row({ item, id, active, onRun }: { item: Item; id: string; active: boolean; onRun: () => void }) {
  const Icon = item.icon
  return (
    <div
      id={id}
      role="option"
      aria-selected={active}
      className="palette-item"
      ref={(row) => {
        if (active) row?.scrollIntoView?.({ block: 'nearest' })
      }}
      onClick={onRun}
    >
      <Icon size={16} aria-hidden />
      <span>{item.label}</span>
      {item.detail && <span className="palette-detail">{item.detail}</span>}
    </div>
  )
}
