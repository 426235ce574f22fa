import clsx from 'clsx'
import { CircleAlert } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId } from 'react'

import { sentence } from './format'

interface FieldProps {
  label: string
  hint?: ReactNode
  error?: string | null
  /** For screen readers only, where the column says it. */
  hideLabel?: boolean
  className?: string
  children: (props: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean | undefined }) => ReactNode
}

export function Field({ label, hint, error, hideLabel, className, children }: FieldProps) {
  const id = useId()
  const told = error || hint ? `${id}-told` : undefined
  return (
    <div className={clsx('field', className)}>
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'field-label'}>
        {label}
      </label>
      {children({ id, 'aria-describedby': told, 'aria-invalid': error ? true : undefined })}
      {told && (
        <p id={told} className={error ? 'field-error' : 'field-hint'}>
          {error ? (
            <>
              <CircleAlert size={14} aria-hidden />
              <span>{sentence(error)}</span>
            </>
          ) : (
            hint
          )}
        </p>
      )}
    </div>
  )
}

interface TextFieldProps extends Omit<ComponentProps<'input'>, 'onChange'> {
  label: string
  hint?: ReactNode
  error?: string | null
  hideLabel?: boolean
  mono?: boolean
  onChange: (value: string) => void
}

export function TextField({ label, hint, error, hideLabel, mono, className, onChange, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel} className={className}>
      {(props) => (
        <input
          autoComplete="off"
          spellCheck={false}
          {...rest}
          {...props}
          className={clsx('input', mono && 'mono')}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

interface SelectFieldProps extends Omit<ComponentProps<'select'>, 'onChange'> {
  label: string
  hint?: ReactNode
  error?: string | null
  hideLabel?: boolean
  options: { value: string; label: string }[]
  onChange: (value: string) => void
}

export function SelectField({ label, hint, error, hideLabel, options, className, onChange, ...rest }: SelectFieldProps) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel} className={className}>
      {(props) => (
        <select {...rest} {...props} className="input select" onChange={(event) => onChange(event.target.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

export function CheckField({ label, hint, checked, onChange }: { label: string; hint?: ReactNode; checked: boolean; onChange: (checked: boolean) => void }) {
  const id = useId()
  return (
    <div className="check">
      <input id={id} type="checkbox" checked={checked} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => onChange(event.target.checked)} />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <p id={`${id}-hint`} className="field-hint">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}

interface Choice<Value extends string> {
  value: Value
  label: string
  detail?: ReactNode
  aside?: ReactNode
}

/** A few ways, of which one is taken: all of them to be seen with what they cost. */
export function Choices<Value extends string>({ legend, choices, value, onChange, columns }: { legend: string; choices: Choice<Value>[]; value: Value; onChange: (value: Value) => void; columns?: boolean }) {
  const name = useId()
  return (
    <fieldset>
      <legend className="field-label">{legend}</legend>
      <div className={clsx('choices', columns && 'choices-columns')}>
        {choices.map((choice) => (
          <label key={choice.value} className="choice">
            <input type="radio" name={name} value={choice.value} checked={choice.value === value} onChange={() => onChange(choice.value)} />
            <span className="choice-body">
              <span className="choice-label">{choice.label}</span>
              {choice.detail && <span className="choice-detail">{choice.detail}</span>}
            </span>
            {choice.aside && <span className="choice-aside">{choice.aside}</span>}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
