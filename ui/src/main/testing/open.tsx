import { render, waitFor } from '@testing-library/react'
import i18next from 'i18next'

import { App } from '../app'
import { newClient } from '../data/queries'
import type { Language } from '../i18n'
import { setTheme, startTheme, type Theme } from '../theme'

/** The whole window at a place, as a person would see it. */
export async function open(hash: string, { theme = 'light', language = 'en' }: { theme?: Theme; language?: Language } = {}) {
  setTheme(theme)
  startTheme()
  await i18next.changeLanguage(language)
  window.location.hash = hash
  const client = newClient()
  const view = render(<App client={client} />)
  await waitFor(() => {
    if (client.isFetching() > 0 || !view.container.querySelector('h1')) throw new Error('still loading')
  })
  return { ...view, client }
}
