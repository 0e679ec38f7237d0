// Trying again: what may pass is tried with growing pauses; what will not is told at once.
import { ApiError } from '#lib/api/client.ts';

export const isAbort = (error: unknown) => error instanceof DOMException && error.name === 'AbortError';

export function mayPass(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 0 || error.status === 408 || error.status === 429 || error.status >= 500;
}

export const triesMax = 8;
export const pauseMs = (tries: number) => Math.min(1000 * 2 ** tries, 30_000);

export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

// Waits, but not longer than until the network is back.
export const sleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function end() {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal.removeEventListener('abort', stop);
    }
    function done() {
      end();
      resolve();
    }
    function stop() {
      end();
      reject(new DOMException('cancelled', 'AbortError'));
    }
    addEventListener('online', done);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });

export async function again<T>(
  ask: () => Promise<T>,
  { signal, pause, onWait }: { signal: AbortSignal; pause: Sleep; onWait?: (error: unknown) => void }
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (isAbort(error) || !mayPass(error) || tries + 1 >= triesMax) throw error;
      onWait?.(error);
      await pause(pauseMs(tries), signal);
    }
  }
}

// At most so many at once.
export class Gate {
  private waiting: (() => void)[] = [];
  constructor(private free: number) {}

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
