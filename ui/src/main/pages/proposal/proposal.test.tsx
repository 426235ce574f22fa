import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import i18next from 'i18next'
import { describe, expect, it } from 'vitest'

import { api } from '../../data/api'
import * as f from '../../testing/fixture'
import { scene } from '../../testing/mock'
import { open } from '../../testing/open'
import { steps } from './stations'

const t = i18next.t

describe('the way of a payout', () => {
  const way = (row: (typeof f.open)[number]) => steps(f.detail(row), t).map((step) => `${step.state} ${step.title}`)

  it('says what is done, what it waits for, and what is to come', () => {
    expect(way(f.open[0]!)).toEqual([
      'done Proposed by Bob',
      'done The policy demands',
      'done Approved by Bob',
      'now Waits for approval',
      'later Exact transaction fixed',
      'later Signed by the seats',
      'later Handed to the node',
      'later Confirmed, after 3 confirmations',
    ])
  })

  it('ends where it was ended', () => {
    const declined = f.detail({ ...f.settled(5), status: 'declined' })
    expect(steps(declined, t).at(-1)).toMatchObject({ state: 'stopped', title: 'Declined by Carol', detail: 'Declined by Carol: the invoice is not ours' })
  })

  it('of a change ends in force', () => {
    expect(way(f.open[3]!).at(-1)).toBe('later In force')
  })
})

it('only opens the sheet: nothing is decided in this window', async () => {
  const user = userEvent.setup()
  await open(`#/proposals/${f.open[0]!.id}`)
  await user.click(screen.getByRole('button', { name: 'Approve or decline…' }))
  await waitFor(() => expect(scene.called.filter((one) => one.command === 'open_sheet').map((one) => one.args)).toEqual([{ id: f.open[0]!.id, purpose: 'decide' }]))
  expect(Object.keys(api).filter((name) => /^(approve|decline|release|freeze|pin)/i.test(name))).toEqual([])
})

it('shows the whole address of each payee', async () => {
  await open(`#/proposals/${f.open[0]!.id}`)
  const city = f.payees.find((payee) => payee.name === 'City Power')!
  expect(screen.getByText(city.address)).toBeTruthy()
  expect(screen.getByText('corn ribbon otter plank')).toBeTruthy()
})
