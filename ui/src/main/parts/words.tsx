import { useTranslation } from 'react-i18next'

/** The twelve words of a proposal: three groups of four, the same on every screen and on the receipt. */
export function FingerprintWords({ words }: { words: string[] }) {
  const { t } = useTranslation()
  const rows = [0, 4, 8].map((from) => words.slice(from, from + 4).join(' '))
  return (
    <div className="words" role="group" aria-label={t('parts.fingerprint')}>
      {rows.map((row) => (
        <span key={row} className="words-group">
          {row}
        </span>
      ))}
      <span className="words-label" aria-hidden>
        {t('parts.fingerprint')}
      </span>
    </div>
  )
}
