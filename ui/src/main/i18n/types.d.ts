import 'i18next'

import type { en } from './en'

// Keys that do not exist are errors.
declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: typeof en }
  }
}
