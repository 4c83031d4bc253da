import { errorText } from './api-error.ts';

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** A list that is read page by page. */
export class PagedList<Item> {
  items: Item[] = $state.raw([]);
  nextCursor: string | null = $state(null);
  /** A further page is on its way. */
  busy = $state(false);
  /** Why the further page did not come. */
  failure: string | null = $state(null);
  readonly #read: (cursor: string | undefined) => Promise<Page<Item>>;

  constructor(read: (cursor: string | undefined) => Promise<Page<Item>>) {
    this.#read = read;
  }

  /** Reads the first page anew; throws what the reading throws. */
  async load(): Promise<void> {
    const page = await this.#read(undefined);
    this.items = page.items;
    this.nextCursor = page.nextCursor;
    this.failure = null;
  }

  /** Appends the next page; a failure is kept in `failure` for the page to show. */
  async more(): Promise<void> {
    if (this.nextCursor === null || this.busy) return;
    this.busy = true;
    this.failure = null;
    try {
      const page = await this.#read(this.nextCursor);
      this.items = [...this.items, ...page.items];
      this.nextCursor = page.nextCursor;
    } catch (error) {
      this.failure = errorText(error);
    } finally {
      this.busy = false;
    }
  }
}
