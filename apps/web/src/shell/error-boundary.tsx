import { Component, type ReactNode } from 'react';
import { Button } from '../ui/button.tsx';

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

/**
 * In place of everything that could not be shown, as where a newer version on the server no longer has a part that is
 * loaded late: a sentence and a way on. What was unsent is kept.
 */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { readonly hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <main className="welcome">
        <h1 className="welcome-title">Something went wrong</h1>
        <p className="welcome-text">What you wrote is kept. Loading the page anew mostly helps.</p>
        <Button tone="primary" icon="retry" onClick={() => window.location.reload()}>
          Reload
        </Button>
      </main>
    );
  }
}
