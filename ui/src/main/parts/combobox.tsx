import clsx from 'clsx'
import { type ReactNode, useId, useRef, useState } from 'react'

import { Field } from './field'

export interface Option {
  value: string
  label: string
  detail?: ReactNode
}

interface ComboboxProps {
  label: string
  value: string
  options: Option[]
  onChange: (value: string) => void
  error?: string | null
  hint?: ReactNode
  hideLabel?: boolean
  placeholder?: string
  mono?: boolean
  className?: string
  onPaste?: React.ClipboardEventHandler<HTMLInputElement>
}

const SHOWN = 50

/** A text that may be one of a list: what is typed counts, the list helps. */
export function Combobox({ label, value, options, onChange, error, hint, hideLabel, placeholder, mono, className, onPaste }: ComboboxProps) {
  const list = useId()
  const input = useRef<HTMLInputElement>(null)
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const wanted = value.trim().toLowerCase()
  const exactly = options.some((option) => option.value.toLowerCase() === wanted)
  const fitting = options.filter((option) => exactly || option.label.toLowerCase().includes(wanted)).slice(0, SHOWN)
  const shown = open && fitting.length > 0
  const take = (option: Option) => {
    onChange(option.value)
    setOpen(false)
    setActive(-1)
    input.current?.focus()
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      setOpen(true)
      setActive((at) => (at + step + fitting.length + (at < 0 && step < 0 ? 1 : 0)) % Math.max(1, fitting.length))
    } else if (event.key === 'Enter' && shown && active >= 0) {
      const option = fitting[active]
      if (!option) return
      event.preventDefault()
      take(option)
    } else if (event.key === 'Escape' && shown) {
      event.stopPropagation()
      setOpen(false)
    }
  }
  return (
    <Field label={label} error={error} hint={hint} hideLabel={hideLabel} className={className}>
      {(props) => (
        <div className="combobox">
          <input
            ref={input}
            {...props}
            role="combobox"
            aria-expanded={shown}
            aria-controls={list}
            aria-autocomplete="list"
            aria-activedescendant={shown && active >= 0 ? `${list}-${active}` : undefined}
            autoComplete="off"
            spellCheck={false}
            className={clsx('input', mono && 'mono')}
            placeholder={placeholder}
            value={value}
            onChange={(event) => {
              onChange(event.target.value)
              setOpen(true)
              setActive(-1)
            }}
            onFocus={() => setOpen(true)}
            onBlur={() => setOpen(false)}
            onPaste={onPaste}
            onKeyDown={onKeyDown}
          />
          <ul id={list} role="listbox" aria-label={label} className="listbox" hidden={!shown}>
            {shown &&
              fitting.map((option, at) => (
                <li
                  key={option.value}
                  id={`${list}-${at}`}
                  role="option"
                  aria-selected={at === active}
                  className={clsx('option', at === active && 'option-active')}
                  onPointerDown={(event) => {
                    event.preventDefault()
                    take(option)
                  }}
                >
                  <span>{option.label}</span>
                  {option.detail && <span className="option-detail">{option.detail}</span>}
                </li>
              ))}
          </ul>
        </div>
      )}
    </Field>
  )
}
