import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { IconButton } from './button'
import { say } from './toast'

const SHOWN_FOR = 1500

/** Copies, and says what was copied. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const { t } = useTranslation()
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), SHOWN_FOR)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
      say(t('parts.copied', { what, start: text.slice(0, 6), end: text.slice(-6) }))
    } catch {
      say(t('parts.notCopied', { what }), 'stop')
    }
  }
  return <IconButton className="copy" label={t('parts.copy', { what })} icon={copied ? Check : Copy} onClick={() => void copy()} />
}
