import { fireEvent, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'

import { scene } from '../../testing/mock'
import { open } from '../../testing/open'

const HEAD = 'payee,amount,asset,memo'
const good = (at: number) => `${at % 2 ? 'Foundry Ltd' : 'City Power'},0.0${at + 1},BTC,invoice ${at}`
const paste = (lines: string[]) => fireEvent.change(screen.getByTestId('csv'), { target: { value: [HEAD, ...lines].join('\n') } })

it('shows bad lines with their reason, proposes nothing of such a table, and all of a good one', async () => {
  const user = userEvent.setup()
  await open('#/payouts/table')
  paste([good(0), 'Foundri,0.1,BTC,x', 'City Power,1.2.3,BTC,y'])
  await screen.findByText('2 lines to mend')
  await screen.findByText('Foundri,0.1,BTC,x')
  await screen.findByText('There is no payee “Foundri” in the address book, and it is no address')
  expect(screen.getByTestId('propose')).toHaveProperty('disabled', true)
  paste(Array.from({ length: 200 }, (_, at) => good(at % 8)))
  await screen.findByText('200 lines are fine')
  const button = screen.getByTestId('propose')
  await waitFor(() => expect(button).toHaveProperty('disabled', false))
  expect(button.textContent).toMatch(/^Propose 200 payouts, 9.00000000.BTC$/)
  await user.click(button)
  await waitFor(() => expect(scene.called.some((one) => one.command === 'propose_table')).toBe(true))
})
