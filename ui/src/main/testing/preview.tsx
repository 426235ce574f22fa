// `npm run dev`, then /src/main/testing/preview.html: every page without a shell behind it.
import { freeze } from './fixture'
import { mockShell } from './mock'

const wanted = new URLSearchParams(window.location.search)
mockShell({
  ...(wanted.has('fresh') ? { start: { state: 'fresh', home: '/home/alice/.local/share/countersign' } } : {}),
  ...(wanted.has('frozen') ? { frozen: [freeze] } : {}),
  ...(wanted.has('empty') ? { empty: true } : {}),
  ...(wanted.has('broken') ? { broken: true } : {}),
  ...(wanted.has('nokey') ? { keys: [] } : {}),
})
const theme = wanted.get('theme')
if (theme) localStorage.setItem('countersign.theme', theme)
const language = wanted.get('lang')
if (language) localStorage.setItem('countersign.language', language)
await import('../main')

export {}
