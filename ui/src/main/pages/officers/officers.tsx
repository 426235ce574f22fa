import { useQuery } from '@tanstack/react-query'
import { KeyRound, UserMinus, UserPlus, UsersRound } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { tell, usePropose } from '../../data/acts'
import { api } from '../../data/api'
import { enrolmentsQuery, keysQuery, machinesQuery, officersQuery } from '../../data/queries'
import type { OfficerView, PluggedKey } from '../../data/types'
import { go, path } from '../../frame/router'
import { Badge } from '../../parts/badge'
import { Button, IconButton } from '../../parts/button'
import { Pending } from '../overview/pending'
import { PageBody, Section } from '../../parts/page'
import { Empty, Loaded } from '../../parts/states'

export function Officers() {
  const { t } = useTranslation()
  const officers = useQuery(officersQuery)
  return (
    <PageBody
      title={t('officers.title')}
      lead={t('officers.lead')}
      actions={
        <Button look="primary" icon={UserPlus} hint="n" data-key="n" onClick={() => go({ page: 'enrol' })}>
          {t('enrol.title')}
        </Button>
      }
    >
      <PluggedKeys />
      <Pending kinds={['officer', 'machine']} />
      <Section id="people" title={t('officers.people')}>
        <Loaded query={officers}>{(all) => <People officers={all} />}</Loaded>
      </Section>
      <Enrolled />
      <Machines />
    </PageBody>
  )
}

function PluggedKeys() {
  const { t } = useTranslation()
  const keys = useQuery(keysQuery)
  return (
    <Section id="plugged" title={t('keys.title')}>
      <Loaded query={keys} lines={1}>
        {(all) =>
          all.length === 0 ? (
            <div className="card">
              <Empty icon={KeyRound} title={t('keys.none')}>
                {t('keys.noneText')}
              </Empty>
            </div>
          ) : (
            <div className="card">
              <table className="table">
                <caption className="sr-only">{t('keys.title')}</caption>
                <tbody>
                  {all.map((key) => (
                    <Plugged key={key.serial} of={key} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </Section>
  )
}

function Plugged({ of }: { of: PluggedKey }) {
  const { t } = useTranslation()
  return (
    <tr>
      <th scope="row" className="row-head">
        {of.officer ?? t('keys.unknown')}
        <p className="sub">{t('keys.serial', { serial: of.serial, firmware: of.firmware })}</p>
      </th>
      <td>
        <Badge tone={of.state === 'ready' ? 'fine' : of.state === 'locked' || of.state === 'unreadable' ? 'stop' : 'wait'}>{t(`keys.${of.state}`)}</Badge>
        {of.tries_left !== null && of.tries_left < 3 && <p className="sub text-wait">{t('keys.tries', { count: of.tries_left })}</p>}
      </td>
      <td className="row-acts">{of.state !== 'ready' && of.officer === null && <Button onClick={() => go({ page: 'enrol' }, { serial: String(of.serial) })}>{t('keys.enrol')}</Button>}</td>
    </tr>
  )
}

function People({ officers }: { officers: OfficerView[] }) {
  const { t } = useTranslation()
  const suspend = usePropose((name: string, officer) => api.proposeSuspension(name, officer))
  if (officers.length === 0) return <Empty icon={UsersRound} title={t('officers.none')} />
  return (
    <div className="card">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('officers.officer')}</th>
            <th scope="col">{t('officers.key')}</th>
            <th scope="col">{t('officers.groups')}</th>
            <th scope="col">{t('payouts.columns.status')}</th>
            <th scope="col">
              <span className="sr-only">{t('payees.acts')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {officers.map((officer) => (
            <tr key={officer.id}>
              <td>
                <p className="font-medium">{officer.name}</p>
                {officer.pending && (
                  <a href={path({ page: 'proposal', id: officer.pending })} className="sub">
                    {t('payees.pending')}
                  </a>
                )}
              </td>
              <td>
                <p>{officer.serial}</p>
                <p className="sub">{t('officers.firmware', { firmware: officer.firmware })}</p>
                {officer.waiver && <p className="sub text-wait">{t('officers.waiver', { waiver: officer.waiver })}</p>}
              </td>
              <td>{officer.groups.join(', ') || <span className="text-wait">{t('officers.noGroup')}</span>}</td>
              <td>{officer.active ? <Badge tone="fine">{t('officers.active')}</Badge> : <Badge tone="stop">{t('officers.suspended')}</Badge>}</td>
              <td className="row-acts">{officer.active && <IconButton data-row label={t('officers.suspend', { name: officer.name })} icon={UserMinus} onClick={() => suspend.mutate(officer.name, { onError: tell })} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Keys that were enrolled here and are proposed, or can be. */
function Enrolled() {
  const { t } = useTranslation()
  const enrolments = useQuery(enrolmentsQuery)
  const propose = usePropose((name: string, officer) => api.proposeOfficer(name, officer))
  if (!enrolments.data || enrolments.data.length === 0) return null
  return (
    <Section id="enrolled" title={t('officers.enrolled')}>
      <p className="sub section-lead">{t('officers.enrolledText')}</p>
      <div className="card">
        <table className="table">
          <caption className="sr-only">{t('officers.enrolled')}</caption>
          <tbody>
            {enrolments.data.map((enrolment) => (
              <tr key={enrolment.serial}>
                <th scope="row" className="row-head">
                  {enrolment.name}
                  <p className="sub">{t('keys.serial', { serial: enrolment.serial, firmware: enrolment.firmware })}</p>
                </th>
                <td className="row-acts">
                  <Button busy={propose.isPending} onClick={() => propose.mutate(enrolment.name, { onError: tell })}>
                    {t('enrol.propose', { name: enrolment.name })}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  )
}

function Machines() {
  const { t } = useTranslation()
  const machines = useQuery(machinesQuery)
  return (
    <Section id="machines" title={t('officers.machines')}>
      <Loaded query={machines} lines={1}>
        {(all) => (
          <div className="card">
            <table className="table">
              <caption className="sr-only">{t('officers.machines')}</caption>
              <tbody>
                {all.map((machine) => (
                  <tr key={machine.id}>
                    <th scope="row" className="row-head">
                      {machine.name} {machine.here && <span className="faint">({t('officers.thisOne')})</span>}
                    </th>
                    <td>{t('officers.administered', { names: machine.administrators.join(', ') })}</td>
                    <td>{machine.active ? <Badge tone="fine">{t('officers.active')}</Badge> : <Badge tone="plain">{t('officers.replaced')}</Badge>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Section>
  )
}
