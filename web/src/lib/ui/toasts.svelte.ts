/** A short message at the edge of the page; `error` stays until it is closed. */
export interface Toast {
  id: number;
  kind: 'good' | 'error';
  message: string;
}

const SHOWN_MS = 5_000;

/** The messages shown now. One instance, {@link toasts}, serves the whole page. */
class Toasts {
  items: Toast[] = $state([]);
  #nextId = 1;

  /** Says that something worked; goes away by itself. */
  good(message: string): void {
    const id = this.#add('good', message);
    setTimeout(() => this.close(id), SHOWN_MS);
  }

  /** Says that something failed; stays until it is closed. */
  error(message: string): void {
    this.#add('error', message);
  }

  close(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }

  #add(kind: Toast['kind'], message: string): number {
    const id = this.#nextId++;
    this.items = [...this.items.filter((toast) => toast.message !== message), { id, kind, message }];
    return id;
  }
}

export const toasts = new Toasts();
