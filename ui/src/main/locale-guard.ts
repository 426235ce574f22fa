// Must be the first import of the window. Under LANG=C WebKitGTK says that its language is "C". Libraries
// hand that to Intl while they load and throw, and the window would stay blank without a word.
try {
  new Intl.NumberFormat(navigator.language)
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-GB', configurable: true })
  Object.defineProperty(navigator, 'languages', { value: ['en-GB'], configurable: true })
}

export {}
