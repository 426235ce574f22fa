import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { useEffect, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'

import { IconButton } from './button'

type Tone = 'done' | 'stop'

interface Message {
  id: number
  text: string
  tone: Tone
}

const STAYS_FOR = 6000

let messages: Message[] = []
let last = 0
const listeners = new Set<() => void>()

function set(next: Message[]) {
  messages = next
  for (const listener of listeners) listener()
}

/** Says in a corner, and to a screen reader, what happened. What must be read before going on is no message of this kind. */
export function say(text: string, tone: Tone = 'done') {
  last += 1
  set([...messages.slice(-2), { id: last, text, tone }])
}

function unsay(id: number) {
  set(messages.filter((message) => message.id !== id))
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Toasts() {
  const { t } = useTranslation()
  const shown = useSyncExternalStore(subscribe, () => messages)
  return (
    <div className="toasts" role="region" aria-label={t('parts.messages')}>
      <div aria-live="polite" className="contents">
        {shown.map((message) => (
          <Toast key={message.id} message={message} />
        ))}
      </div>
    </div>
  )
}

function Toast({ message }: { message: Message }) {
  const { t } = useTranslation()
  useEffect(() => {
    // An error stays until it was read.
    if (message.tone === 'stop') return
    const timer = setTimeout(() => unsay(message.id), STAYS_FOR)
    return () => clearTimeout(timer)
  }, [message])
  return (
    <div className={`toast toast-${message.tone}`}>
      {message.tone === 'stop' ? <CircleAlert size={16} aria-hidden /> : <CircleCheck size={16} aria-hidden />}
      <span>{message.text}</span>
      <IconButton label={t('parts.dismiss')} icon={X} onClick={() => unsay(message.id)} />
    </div>
  )
}
