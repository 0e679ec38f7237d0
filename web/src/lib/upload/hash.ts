// sha256 of a file, by a worker of its own that ends with the work.
import type { Asked, Told } from './hash.worker.ts';

export function hashFile(file: File, onProgress: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./hash.worker.ts', import.meta.url), { type: 'module' });
    const end = () => {
      worker.terminate();
      signal.removeEventListener('abort', stop);
    };
    const stop = () => {
      end();
      reject(new DOMException('cancelled', 'AbortError'));
    };
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop);
    worker.addEventListener('message', ({ data }: MessageEvent<Told>) => {
      if ('hashed' in data) onProgress(data.hashed);
      else {
        end();
        if ('sha256' in data) resolve(data.sha256);
        else reject(new UnreadableFile(data.failure));
      }
    });
    worker.addEventListener('error', () => {
      end();
      reject(new Error('The page could not start hashing. Reload it, then choose the files again.'));
    });
    worker.postMessage({ file } satisfies Asked);
  });
}

export class UnreadableFile extends Error {
  constructor(why: string) {
    super(`The file cannot be read: it has changed or is gone. Choose it again. (${why})`);
  }
}
