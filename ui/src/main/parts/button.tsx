import clsx from 'clsx'
import type { ButtonHTMLAttributes, ComponentType, ReactNode, Ref } from 'react'

type Look = 'primary' | 'plain' | 'quiet' | 'stop'

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look
  icon?: ComponentType<{ size?: number; 'aria-hidden'?: boolean }>
  hint?: ReactNode
  busy?: boolean
  ref?: Ref<HTMLButtonElement>
}

export function Button({ look = 'plain', icon: Icon, hint, busy, children, className, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-busy={busy || undefined}
      disabled={rest.disabled || busy}
      className={clsx('button', `button-${look}`, className)}
    >
      {Icon && <Icon size={16} aria-hidden />}
      {children && <span>{children}</span>}
      {hint && <kbd aria-hidden>{hint}</kbd>}
    </button>
  )
}

/** A button that is only a picture; its label is said and shown on hover. */
export function IconButton({ label, icon: Icon, className, ...rest }: Omit<ButtonProps, 'children' | 'hint' | 'look'> & { label: string; icon: NonNullable<ButtonProps['icon']> }) {
  return (
    <button type="button" {...rest} aria-label={label} title={label} className={clsx('icon-button', className)}>
      <Icon size={16} aria-hidden />
    </button>
  )
}
