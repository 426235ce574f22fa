import { useQuery } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api } from '../../data/api'
import { keysQuery } from '../../data/queries'
import type { EnrolmentView, FoundingDraft, PluggedKey, PolicyTemplate } from '../../data/types'
import { Badge, Notice } from '../../parts/badge'
import { CheckField, Choices, Field, TextField } from '../../parts/field'
import { KeySetup } from '../../parts/key-setup'
import { Empty } from '../../parts/states'
import { policyError } from '../policy/policy-error'
import { Sentences } from '../policy/sentences'

interface StepProps {
  draft: FoundingDraft
  onChange: (part: Partial<FoundingDraft>) => void
}

/** Whether real money is at stake: for the words only, the shell decides. A chain that is not known is taken for real. */
export function isMainnet(network: string): boolean {
  return !TESTS.has(network)
}

const TESTS = new Set(['testnet4', 'signet', 'regtest', ...[5, 97, 1337, 17000, 31337, 43113, 80002, 84532, 421614, 560048, 11155111, 11155420].map((chain) => `eip155:${chain}`)])

const NAMES: Record<string, string> = {
  bitcoin: 'Bitcoin',
  testnet4: 'Bitcoin testnet4',
  signet: 'Bitcoin signet',
  regtest: 'Bitcoin regtest',
  'eip155:1': 'Ethereum',
  'eip155:11155111': 'Sepolia',
  'eip155:560048': 'Hoodi',
  'eip155:31337': 'Anvil, a private chain',
}

/** A network's name before there is a treasury to name it. */
export function networkWords(network: string): string {
  const name = NAMES[network]
  return name ? `${name} (${network})` : network
}

export function TreasuryFields({ draft, networks, onChange }: StepProps & { networks: string[] }) {
  const { t } = useTranslation()
  const toggle = (network: string) => onChange({ networks: draft.networks.includes(network) ? draft.networks.filter((one) => one !== network) : [...draft.networks, network] })
  // One class of network for a treasury: real money or test coins.
  const first = draft.networks[0]
  const [chains, setChains] = useState(() => draft.networks.filter((network) => network.startsWith('eip155:')).map((network) => network.slice('eip155:'.length)).join(', '))
  const wrong = chains.trim() !== '' && !/^\s*[1-9]\d*(\s*,\s*[1-9]\d*)*\s*,?\s*$/.test(chains)
  const typeChains = (text: string) => {
    setChains(text)
    const numbers = text.split(',').map((number) => number.trim()).filter((number) => /^[1-9]\d*$/.test(number))
    onChange({ networks: [...draft.networks.filter((network) => !network.startsWith('eip155:')), ...new Set(numbers.map((number) => `eip155:${number}`))] })
  }
  return (
    <>
      <TextField label={t('start.name')} required value={draft.name} onChange={(name) => onChange({ name })} placeholder="Acme" hint={t('start.nameHint')} />
      <fieldset>
        <legend className="field-label">{t('start.networks')}</legend>
        <div className="choices">
          {networks.map((network) => {
            const other = first !== undefined && isMainnet(first) !== isMainnet(network)
            return (
              <label key={network} className="choice">
                <input type="checkbox" checked={draft.networks.includes(network)} disabled={other} onChange={() => toggle(network)} />
                <span className="choice-body">
                  <span className="choice-label">{networkWords(network)}</span>
                  <span className="choice-detail">{other ? t('start.otherClass') : t(isMainnet(network) ? 'start.realMoney' : 'start.testCoins')}</span>
                </span>
              </label>
            )
          })}
        </div>
      </fieldset>
      <TextField label={t('start.chains')} inputMode="numeric" value={chains} onChange={typeChains} placeholder="1, 8453" hint={t('start.chainsHint')} error={wrong ? t('start.chainsWrong') : null} />
      <div className="two">
        <TextField label={t('start.machine')} required value={draft.machine} onChange={(machine) => onChange({ machine })} placeholder="treasury-desk" hint={t('start.machineHint')} />
        <TextField
          label={t('start.administrators')}
          required
          value={draft.administrators.join(',')}
          onChange={(text) => onChange({ administrators: text === '' ? [] : text.split(',').map((name) => name.trimStart()) })}
          hint={t('start.administratorsHint')}
        />
      </div>
    </>
  )
}

export function Founders({ draft, enrolments, onChange }: StepProps & { enrolments: EnrolmentView[] }) {
  const { t } = useTranslation()
  const keys = useQuery(keysQuery)
  const plugged = keys.data ?? []
  const raw = plugged.filter((key) => !enrolments.some((one) => one.serial === key.serial))
  const names = enrolments.map((one) => one.name.toLowerCase())
  const add = (name: string) => onChange({ officers: [...draft.officers.filter((one) => one !== name), name] })
  return (
    <div className="stack">
      {enrolments.length > 0 && (
        <fieldset className="card card-body stack">
          <legend className="sr-only">{t('start.foundersLabel')}</legend>
          {enrolments.map((one) => (
            <CheckField
              key={one.serial}
              label={one.name}
              hint={`${t('keys.serial', { serial: one.serial, firmware: one.firmware })} · ${t(plugged.some((key) => key.serial === one.serial) ? 'start.plugged' : 'start.notPlugged')}`}
              checked={draft.officers.includes(one.name)}
              onChange={(checked) => (checked ? add(one.name) : onChange({ officers: draft.officers.filter((name) => name !== one.name) }))}
            />
          ))}
        </fieldset>
      )}
      {raw.map((key) => (
        <Raw key={key.serial} of={key} taken={(name) => names.includes(name.toLowerCase())} onEnrolled={(enrolment) => add(enrolment.name)} />
      ))}
      {raw.length === 0 && (
        <div className="card">
          <Empty icon={KeyRound} title={t(enrolments.length > 0 ? 'start.plugNext' : 'enrol.plugIn')}>
            {t('start.plugInText')}
          </Empty>
        </div>
      )}
      <p className="sub">{t('start.foundersHint')}</p>
    </div>
  )
}

function Raw({ of, taken, onEnrolled }: { of: PluggedKey; taken: (name: string) => boolean; onEnrolled: (enrolment: EnrolmentView) => void }) {
  const { t } = useTranslation()
  return (
    <section className="card card-body stack" aria-label={t('enrol.key', { serial: of.serial })}>
      <div className="node-head">
        <h2>{t('enrol.key', { serial: of.serial })}</h2>
        <Badge tone="wait">{t(`keys.${of.state}`)}</Badge>
      </div>
      <KeySetup serial={of.serial} taken={taken} onEnrolled={onEnrolled} />
    </section>
  )
}

export function PolicyChoice({ draft, templates, onChange, onReadable }: StepProps & { templates: PolicyTemplate[]; onReadable: (readable: boolean) => void }) {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState('')
  const check = useQuery({ queryKey: ['policy', 'check', draft.policy], queryFn: () => api.checkPolicy(draft.policy), enabled: draft.policy.trim() !== '' })
  const view = check.data?.view ?? null
  useEffect(() => onReadable(view !== null), [view, onReadable])
  const strangers = view?.groups.flatMap((group) => group.members).filter((name) => !draft.officers.includes(name)) ?? []
  return (
    <div className="stack">
      <Choices
        legend={t('start.policyFrom')}
        value={chosen}
        onChange={(name) => {
          setChosen(name)
          onChange({ policy: templates.find((one) => one.name === name)?.text ?? '' })
        }}
        choices={templates.map((one) => ({ value: one.name, label: titleOf(one), detail: one.name }))}
      />
      {draft.policy !== '' && (
        <Field label={t('policy.text')} error={check.data?.error && policyError(check.data.error, t)} hint={t('start.policyHint', { names: draft.officers.join(', ') })}>
          {(props) => <textarea {...props} className="input mono" rows={14} spellCheck={false} value={draft.policy} onChange={(event) => onChange({ policy: event.target.value })} />}
        </Field>
      )}
      {strangers.length > 0 && (
        <Notice tone="wait" title={t('start.strangers', { names: [...new Set(strangers)].join(', ') })}>
          {t('start.strangersText')}
        </Notice>
      )}
      {view && (
        <>
          <h2>{t('policy.wouldMean')}</h2>
          <Sentences words={view.words} />
        </>
      )}
    </div>
  )
}

/** The first line of a shipped policy says what it is for. */
function titleOf(template: PolicyTemplate): string {
  return template.text.split('\n')[0]?.replace(/^#\s*/, '') || template.name
}
