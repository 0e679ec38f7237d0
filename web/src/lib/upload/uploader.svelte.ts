// The uploader: files on their way into one commit.
//
//   waiting ─► sorted by the hub ─► regular ──────────────────────────────► travels inside the commit
//                    │      └────► hashing ─► sending ─► stored ──────────► the commit names its hash
//                    │                └─► unchanged                          (it is there already)
//                    └──► ignored                                            (.gitignore)
//   Any step may end in `failed`; running again goes on where it stopped: hashes are remembered, and the hub tells
//   which parts it has. Files are read in slices, so memory does not grow with them.

import { ApiError } from '#lib/api/client.ts';
import { sliceOf, type Plan } from './plan.ts';
import { again, Gate, isAbort, type Sleep } from './retry.ts';

export type State = 'waiting' | 'regular' | 'hashing' | 'sending' | 'stored' | 'unchanged' | 'ignored' | 'failed';

export class Item {
  state = $state<State>('waiting');
  hashed = $state(0);
  sent = $state(0); // bytes that the hub has
  waitingFor = $state<string | null>(null); // why it is tried again
  failure = $state<string | null>(null);
  sha256: string | null = null;
  large = $state(false);

  constructor(
    readonly file: File,
    readonly path: string
  ) {}

  get size() {
    return this.file.size;
  }
  // Between 0 and 1: reading a file is quick beside sending it.
  get progress(): number {
    if (this.state === 'stored' || this.state === 'unchanged' || this.state === 'ignored') return 1;
    if (this.size === 0) return 0;
    return (0.1 * this.hashed + 0.9 * this.sent) / this.size;
  }
  get isDone() {
    return (
      this.state === 'regular' || this.state === 'stored' || this.state === 'unchanged' || this.state === 'ignored'
    );
  }
}

export interface Sorted {
  path: string;
  uploadMode: 'lfs' | 'regular';
  shouldIgnore: boolean;
  oid?: string | null;
}

// The outside world, so that tests can be it.
export interface Ports {
  sort(items: Item[]): Promise<Sorted[]>;
  hash(file: File, onProgress: (bytes: number) => void, signal: AbortSignal): Promise<string>;
  rememberedHash(file: File): Promise<string | null>;
  rememberHash(file: File, sha256: string): Promise<void>;
  forgetHash(file: File): Promise<unknown>;
  plan(sha256: string, size: number): Promise<Plan>;
  hasPart(url: string, bytes: number): Promise<boolean>;
  put(url: string, blob: Blob, onProgress: (bytes: number) => void, signal: AbortSignal): Promise<string>;
  complete(url: string, sha256: string, parts: { partNumber: number; etag: string }[]): Promise<void>;
  sleep: Sleep;
}

const sortedAtOnce = 100;
const filesAtOnce = 2;
const partsAtOnce = 3;
const plansMax = 4; // of one file: signed addresses age

export class Uploader {
  items = $state<Item[]>([]);
  running = $state(false);
  private stopping = new AbortController();
  private hashing = new Gate(1);
  private parts = new Gate(partsAtOnce);

  constructor(private ports: Ports) {}

  add(file: File, path: string): Item {
    const item = new Item(file, path);
    const at = this.items.findIndex((each) => each.path === path);
    if (at >= 0) this.items[at] = item;
    else this.items.push(item);
    return this.items[at >= 0 ? at : this.items.length - 1]!;
  }

  remove(item: Item) {
    this.items = this.items.filter((each) => each !== item);
  }

  // Files of folder/name go into `folder` itself.
  dropFolder(folder: string, name: string) {
    const before = folder === '' ? '' : `${folder}/`;
    const start = `${before}${name}/`;
    const items = this.items;
    this.items = [];
    for (const { file, path } of items)
      this.add(file, path.startsWith(start) ? before + path.slice(start.length) : path);
  }

  get bytes() {
    return this.items.reduce((sum, item) => sum + item.size, 0);
  }
  get sent() {
    return this.items.reduce((sum, item) => sum + item.sent, 0);
  }
  get progress() {
    const all = this.bytes;
    return all === 0 ? 0 : this.items.reduce((sum, item) => sum + item.progress * item.size, 0) / all;
  }
  get failed() {
    return this.items.filter((item) => item.state === 'failed');
  }

  cancel() {
    this.stopping.abort();
  }

  // True when every file is ready for the commit.
  async run(): Promise<boolean> {
    if (this.running) return false;
    this.running = true;
    this.stopping = new AbortController();
    try {
      for (const item of this.failed) this.renew(item);
      await this.sortAll();
      const queue = this.items.filter((item) => item.large && !item.isDone && item.state !== 'failed');
      await Promise.all(Array.from({ length: filesAtOnce }, () => this.work(queue)));
    } finally {
      this.running = false;
      for (const item of this.items) if (item.state === 'hashing' || item.state === 'sending') item.state = 'waiting';
    }
    return !this.stopping.signal.aborted && this.items.every((item) => item.isDone);
  }

  private renew(item: Item) {
    item.state = 'waiting';
    item.failure = null;
  }

  private async work(queue: Item[]) {
    for (let item = queue.shift(); item; item = queue.shift()) {
      if (this.stopping.signal.aborted) return;
      await this.storeLarge(item);
    }
  }

  private retrying<T>(item: Item | null, ask: () => Promise<T>): Promise<T> {
    return again(
      async () => {
        const answer = await ask();
        if (item) item.waitingFor = null;
        return answer;
      },
      {
        signal: this.stopping.signal,
        pause: this.ports.sleep,
        onWait: (error) => {
          if (item) item.waitingFor = error instanceof Error ? error.message : String(error);
        }
      }
    );
  }

  private async sortAll() {
    const unsorted = this.items.filter((item) => item.state === 'waiting' && !item.large);
    for (let at = 0; at < unsorted.length && !this.stopping.signal.aborted; at += sortedAtOnce) {
      const some = unsorted.slice(at, at + sortedAtOnce);
      try {
        const answers = new Map(
          (await this.retrying(null, () => this.ports.sort(some))).map((each) => [each.path, each])
        );
        for (const item of some) {
          const answer = answers.get(item.path);
          if (!answer) this.fail(item, new Error('The hub did not answer about this file.'));
          else if (answer.shouldIgnore) item.state = 'ignored';
          else if (answer.uploadMode === 'regular' || item.size === 0) item.state = 'regular';
          else {
            item.large = true;
            this.there.set(item.path, answer.oid ?? null);
          }
        }
      } catch (error) {
        for (const item of some) this.fail(item, error);
      }
    }
  }
  private there = new Map<string, string | null>(); // what is at a path now

  private fail(item: Item, error: unknown) {
    if (isAbort(error)) return;
    item.state = 'failed';
    item.waitingFor = null;
    item.failure = error instanceof Error ? error.message : String(error);
  }

  private async storeLarge(item: Item) {
    try {
      const known = item.sha256 ? null : await this.ports.rememberedHash(item.file);
      // Two files may be alike in all that the memory goes by. The hub looks at what it is sent; what it has already is
      // named by this hash only after the file was read.
      if (known && known !== this.there.get(item.path) && (await this.sendAs(item, known))) {
        item.sha256 = known;
      } else {
        const sha256 = await this.hashOf(item);
        if (sha256 === this.there.get(item.path)) {
          item.state = 'unchanged';
          return;
        }
        await this.send(item, sha256);
      }
      item.state = 'stored';
    } catch (error) {
      this.fail(item, error);
    }
  }

  // True when the hub took the bytes and found that this is their hash.
  private async sendAs(item: Item, remembered: string): Promise<boolean> {
    item.hashed = item.size;
    try {
      if (await this.send(item, remembered)) return true;
    } catch (error) {
      if (!(error instanceof ApiError && (error.status === 400 || error.status === 422))) throw error;
      await this.ports.forgetHash(item.file);
    }
    item.hashed = 0;
    item.sent = 0;
    return false;
  }

  private async hashOf(item: Item): Promise<string> {
    if (item.sha256) return item.sha256;
    item.state = 'hashing';
    const sha256 = await this.hashing.through(() =>
      this.ports.hash(item.file, (bytes) => (item.hashed = bytes), this.stopping.signal)
    );
    await this.ports.rememberHash(item.file, sha256);
    item.hashed = item.size;
    item.sha256 = sha256;
    return sha256;
  }

  // False when the hub has them already, and no byte was sent.
  private async send(item: Item, sha256: string): Promise<boolean> {
    item.state = 'sending';
    for (let plans = 1; ; plans++) {
      const plan = await this.retrying(item, () => this.ports.plan(sha256, item.size));
      try {
        if (plan.kind === 'whole') await this.sendWhole(item, plan.url);
        if (plan.kind === 'parts') await this.sendParts(item, sha256, plan);
        item.sent = item.size;
        return plan.kind !== 'present';
      } catch (error) {
        // Addresses that no longer hold: ask for others. Parts that arrived need not be sent again.
        const aged =
          error instanceof ApiError && (error.status === 403 || error.status === 404 || error.status === 410);
        if (!aged || plans >= plansMax) throw error;
      }
    }
  }

  private sendWhole(item: Item, url: string) {
    return this.parts.through(() =>
      this.retrying(item, () => {
        item.sent = 0;
        return this.ports.put(url, item.file, (bytes) => (item.sent = bytes), this.stopping.signal);
      })
    );
  }

  private async sendParts(item: Item, sha256: string, plan: Extract<Plan, { kind: 'parts' }>) {
    const have = new Array<number>(plan.parts.length).fill(0); // bytes of each part that have arrived
    const tags = new Array<string>(plan.parts.length);
    const tell = () => (item.sent = have.reduce((sum, each) => sum + each, 0));
    let next = 0;
    let broken: unknown = null;
    const lane = async () => {
      while (next < plan.parts.length && broken === null) {
        const at = next++;
        const { number, start, end } = sliceOf(at + 1, plan.partBytes, item.size);
        const url = plan.parts[at]!;
        try {
          await this.parts.through(() =>
            this.retrying(item, async () => {
              if (await this.ports.hasPart(url, end - start)) {
                tags[at] = `"part-${number}"`;
              } else {
                tags[at] = await this.ports.put(
                  url,
                  item.file.slice(start, end),
                  (bytes) => {
                    have[at] = bytes;
                    tell();
                  },
                  this.stopping.signal
                );
              }
              have[at] = end - start;
              tell();
            })
          );
        } catch (error) {
          broken ??= error;
        }
      }
    };
    await Promise.all(Array.from({ length: partsAtOnce }, lane));
    if (broken !== null) throw broken;
    await this.retrying(item, () =>
      this.ports.complete(
        plan.completion,
        sha256,
        tags.map((etag, at) => ({ partNumber: at + 1, etag }))
      )
    );
  }
}
