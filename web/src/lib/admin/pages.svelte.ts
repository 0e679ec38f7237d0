// A list that the server gives in pages: the first came with the page's load, further ones are asked for.
import { get } from '#lib/api/client.ts';
import { say, wordsOf } from '#lib/ui/toasts.svelte.ts';

export class Pages<T> {
  items = $state.raw<T[]>([]);
  next = $state<string | undefined>(undefined);
  busy = $state(false);

  constructor(
    first: T[],
    next: string | undefined,
    private readonly path: string,
    private readonly query: Record<string, string | number | undefined>,
    private readonly read: (answer: never) => { items: T[]; next?: string }
  ) {
    this.items = first;
    this.next = next;
  }

  async more() {
    if (this.next === undefined || this.busy) return;
    this.busy = true;
    try {
      const page = this.read(await get<never>(this.path, { ...this.query, cursor: this.next }));
      this.items = [...this.items, ...page.items];
      this.next = page.next;
    } catch (error) {
      say(wordsOf(error), 'bad');
    } finally {
      this.busy = false;
    }
  }
}
