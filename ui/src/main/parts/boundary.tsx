import i18next from 'i18next'
import { Component, type ReactNode } from 'react'

import { Button } from './button'
import { ErrorNotice } from './states'

/** A page that fails leaves the frame standing: freezing and the other pages still work. */
export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    if (this.state.error === null) return this.props.children
    return (
      <div className="page stack">
        <h1 tabIndex={-1} id="page-title">
          {i18next.t('parts.fault')}
        </h1>
        <p>{i18next.t('parts.faultText')}</p>
        <ErrorNotice error={this.state.error} />
        <div>
          <Button onClick={() => this.setState({ error: null })}>{i18next.t('parts.showAgain')}</Button>
        </div>
      </div>
    )
  }
}
