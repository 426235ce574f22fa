import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

import { de } from './de'
import { en } from './en'

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

const STORED = 'countersign.language'

function isLanguage(text: string | null | undefined): text is Language {
  return text === 'en' || text === 'de'
}

function chosen(): Language {
  const stored = localStorage.getItem(STORED)
  if (isLanguage(stored)) return stored
  const system = navigator.language.slice(0, 2)
  return isLanguage(system) ? system : 'en'
}

export function startLanguage() {
  void i18next.use(initReactI18next).init({
    lng: chosen(),
    fallbackLng: 'en',
    supportedLngs: ['en', 'de'],
    resources: { en: { translation: en }, de: { translation: de } },
    // React escapes what it writes.
    interpolation: { escapeValue: false },
    returnNull: false,
    initAsync: false,
  })
  const say = (language: string) => document.documentElement.setAttribute('lang', language)
  i18next.on('languageChanged', say)
  say(i18next.language)
}

export function setLanguage(language: Language) {
  localStorage.setItem(STORED, language)
  void i18next.changeLanguage(language)
}
