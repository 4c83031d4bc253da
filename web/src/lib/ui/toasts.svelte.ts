/** A short message at the edge of the page; `error` stays until it is closed. */
export interface Toast {
  id: number;
  kind: 'good' | 'error';
  message: string;
  /** A way back, such as "Undo". */
  action?: { label: string; run: () => void } | undefined;
}

const SHOWN_MS = 5_000;
/** Longer, as there is something to do. */
const SHOWN_WITH_ACTION_MS = 10_000;

/** The messages shown now. One instance, {@link toasts}, serves the whole page. */
class Toasts {
  items: Toast[] = $state([]);
  #nextId = 1;

  /** Says that something worked; goes away by itself. */
  good(message: string, action?: Toast['action']): void {
    const id = this.#add('good', message, action);
    setTimeout(() => this.close(id), action ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
  }

  /** Says that something failed; stays until it is closed. */
  error(message: string): void {
    this.#add('error', message);
  }

  close(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }

  #add(kind: Toast['kind'], message: string, action?: Toast['action']): number {
    const id = this.#nextId++;
    this.items = [...this.items.filter((toast) => toast.message !== message), { id, kind, message, action }];
    return id;
  }
}

export const toasts = new Toasts();
