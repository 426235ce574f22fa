import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it } from 'vitest'

import type { Draft } from '../../data/types'
import * as f from '../../testing/fixture'
import { answers, mockShell, scene } from '../../testing/mock'
import { open } from '../../testing/open'
import { clearDraft, pastedRows } from './draft'

beforeEach(clearDraft)

const proposed = () => scene.called.filter((one) => one.command === 'propose_payout').map((one) => one.args as unknown as { draft: Draft; officer: string })

async function fill(user: ReturnType<typeof userEvent.setup>) {
  await user.type(screen.getByRole('combobox', { name: 'Payee' }), 'Foundry Ltd')
  await user.type(screen.getByRole('textbox', { name: 'Amount' }), '0,5')
  return screen.findByRole('button', { name: /^Propose 0.50000000.BTC to Foundry Ltd$/ })
}

it('says what the button will do, and hands over plain decimal text in the name of who sits here', async () => {
  const user = userEvent.setup()
  await open('#/payouts/new')
  const button = await fill(user)
  await waitFor(() => expect(button).toHaveProperty('disabled', false))
  await user.click(button)
  await waitFor(() => expect(proposed()).toHaveLength(1))
  const [{ draft, officer } = { draft: null, officer: '' }] = proposed()
  expect(officer).toBe('Alice')
  expect(draft?.legs).toEqual([{ to: 'Foundry Ltd', amount: '0.5', asset: 'BTC' }])
  await waitFor(() => expect(window.location.hash).toBe(`#/proposals/${f.open[0]!.id}`))
})

it('shows the policy’s answer while one types', async () => {
  const user = userEvent.setup()
  await open('#/payouts/new')
  await fill(user)
  await screen.findByText('Needs 2 of Treasury and 1 of Board')
  await screen.findByText('Then 24 h of waiting before it is signed')
})

it('keeps the form when the shell refuses', async () => {
  const user = userEvent.setup()
  const before = answers['propose_payout']!
  answers['propose_payout'] = () => {
    throw { code: 'key_away', message: 'The YubiKey of Alice was pulled out.', remedy: 'Plug it in again.', field: null }
  }
  await open('#/payouts/new')
  const button = await fill(user)
  await waitFor(() => expect(button).toHaveProperty('disabled', false))
  await user.click(button)
  await screen.findByText('Not proposed. What you entered is kept.')
  await screen.findByText('Plug it in again.')
  expect(screen.getByRole('combobox', { name: 'Payee' })).toHaveProperty('value', 'Foundry Ltd')
  answers['propose_payout'] = before
})

it('asks for a key where none is plugged in', async () => {
  mockShell({ keys: [] })
  const user = userEvent.setup()
  await open('#/payouts/new')
  const button = await fill(user)
  await screen.findByText(/Plug in your YubiKey/)
  expect(button).toHaveProperty('disabled', true)
})

it('asks nothing of an amount that could be two', async () => {
  const user = userEvent.setup()
  await open('#/payouts/new')
  await user.type(screen.getByRole('textbox', { name: 'Amount' }), '1,234')
  await screen.findByText('“1,234” can be read in two ways. Write 1234 or 1.2340.')
})

it('takes pasted lines of a spreadsheet as rows', () => {
  expect(pastedRows('Foundry Ltd\t0.3\nCity Power\t0.2\tBTC\n')).toEqual([
    { to: 'Foundry Ltd', amount: '0.3' },
    { to: 'City Power', amount: '0.2', asset: 'BTC' },
  ])
  expect(pastedRows('bcrt1pxyz')).toBeNull()
})
