import './locale-guard'
import './nonce'
import './styles/main.css'

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './app'
import { newClient } from './data/queries'
import { startLanguage } from './i18n'
import { startTheme } from './theme'

startTheme()
startLanguage()
const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App client={newClient()} />
    </StrictMode>,
  )
}
