import { describe, expect, it } from 'vitest';
import { ApiError } from '#lib/api/client.ts';
import { readPlan, sliceOf, type Plan } from './plan.ts';
import { again, Gate, pauseMs } from './retry.ts';
import { Uploader, type Ports } from './uploader.svelte.ts';

const mega = 1 << 20;
const bytesOf = (size: number) => new File([new Uint8Array(size)], 'f', { lastModified: 1 });

// A hub in memory: takes parts of a megabyte, keeps them over runs, breaks when told to.
class FakeHub implements Ports {
  stored = new Set<string>();
  parts = new Map<string, number>(); // url -> bytes
  hashes = new Map<File, string>();
  log: string[] = [];
  breakPut: (url: string, tries: number) => unknown = () => null;
  inFlight = 0;
  mostInFlight = 0;
  private tries = new Map<string, number>();
  private plans = 0;
  slept: number[] = [];

  sort: Ports['sort'] = async (items) =>
    items.map(({ path, size }) => ({
      path,
      uploadMode: size > 1000 ? ('lfs' as const) : ('regular' as const),
      shouldIgnore: path.endsWith('.tmp'),
      oid: path === 'same.bin' ? 'hash-same.bin' : null
    }));
  hash: Ports['hash'] = async (file, onProgress) => {
    this.log.push('hash');
    onProgress(file.size / 2);
    return `hash-${this.names.get(file)}`;
  };
  names = new Map<File, string>();
  rememberedHash = async (file: File) => this.hashes.get(file) ?? null;
  rememberHash = async (file: File, sha: string) => void this.hashes.set(file, sha);
  forgetHash = async (file: File) => void this.hashes.delete(file);
  plan: Ports['plan'] = async (sha, size): Promise<Plan> => {
    this.plans += 1;
    if (this.stored.has(sha)) return { kind: 'present' };
    const count = Math.ceil(size / mega);
    if (count === 1) return { kind: 'whole', url: `${sha}/whole` };
    return {
      kind: 'parts',
      partBytes: mega,
      parts: Array.from({ length: count }, (_, i) => `${sha}/${i + 1}`),
      completion: `${sha}/complete`
    };
  };
  hasPart: Ports['hasPart'] = async (url, bytes) => this.parts.get(url) === bytes;
  put: Ports['put'] = async (url, blob, onProgress, signal) => {
    if (signal.aborted) throw new DOMException('x', 'AbortError');
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.inFlight -= 1;
    const tries = (this.tries.get(url) ?? 0) + 1;
    this.tries.set(url, tries);
    const broken = this.breakPut(url, tries);
    if (broken) throw broken;
    onProgress(blob.size);
    this.parts.set(url, blob.size);
    this.log.push(`put ${url}`);
    return `"${url}"`;
  };
  complete: Ports['complete'] = async (url, sha, parts) => {
    this.log.push(`complete ${parts.length}`);
    expect(parts.map((part) => part.partNumber)).toEqual(parts.map((_, i) => i + 1));
    this.stored.add(sha);
  };
  sleep: Ports['sleep'] = async (ms, signal) => {
    this.slept.push(ms);
    if (signal.aborted) throw new DOMException('x', 'AbortError');
  };
}

function uploading(files: [string, number][], hub = new FakeHub()) {
  const uploader = new Uploader(hub);
  for (const [path, size] of files) {
    const file = bytesOf(size);
    hub.names.set(file, path);
    uploader.add(file, path);
  }
  return { uploader, hub };
}
const states = (uploader: Uploader) => uploader.items.map((item) => item.state);

describe('uploader', () => {
  it('takes each file its way', async () => {
    const { uploader, hub } = uploading([
      ['a.txt', 10],
      ['empty.bin', 0],
      ['x.tmp', 10],
      ['same.bin', 5000],
      ['one.bin', 5000],
      ['big.bin', 3 * mega + 7]
    ]);
    expect(await uploader.run()).toBe(true);
    expect(states(uploader)).toEqual(['regular', 'regular', 'ignored', 'unchanged', 'stored', 'stored']);
    expect(hub.log).toContain('complete 4');
    expect(hub.log.filter((line) => line.startsWith('put'))).toHaveLength(5);
    expect(uploader.items[5]!.sent).toBe(3 * mega + 7);
    expect(hub.mostInFlight).toBeLessThanOrEqual(3);
  });

  it('tries again with growing pauses, then goes on', async () => {
    const { uploader, hub } = uploading([['big.bin', 2 * mega]]);
    hub.breakPut = (url, tries) => (url.endsWith('/2') && tries < 4 ? new ApiError(0, 'broke') : null);
    expect(await uploader.run()).toBe(true);
    expect(hub.slept).toEqual([1000, 2000, 4000]);
    expect(uploader.items[0]!.waitingFor).toBeNull();
  });

  it('keeps what has arrived when it fails, and asks for no byte twice', async () => {
    const { uploader, hub } = uploading([['big.bin', 4 * mega]]);
    hub.breakPut = (url) => (url.endsWith('/3') ? new ApiError(503, 'down') : null);
    expect(await uploader.run()).toBe(false);
    expect(states(uploader)).toEqual(['failed']);
    expect(uploader.items[0]!.failure).toBe('down');
    hub.breakPut = () => null;
    hub.log = [];
    expect(await uploader.run()).toBe(true);
    expect(hub.log.filter((line) => line.startsWith('put'))).not.toContain('put hash-big.bin/1');
    expect(hub.log).toContain('put hash-big.bin/3');
    expect(hub.log).not.toContain('hash');
  });

  it('goes on in a new visit: hash remembered, parts found', async () => {
    const { uploader, hub } = uploading([['big.bin', 4 * mega]]);
    hub.breakPut = (url) => (url.endsWith('/4') ? new ApiError(400, 'no') : null);
    await uploader.run();
    const file = uploader.items[0]!.file;
    hub.breakPut = () => null;
    hub.log = [];
    const later = new Uploader(hub);
    later.add(file, 'big.bin');
    expect(await later.run()).toBe(true);
    expect(hub.log).toEqual(['put hash-big.bin/4', 'complete 4']);
  });

  it('stops when told to, and may be started again', async () => {
    const { uploader, hub } = uploading([['big.bin', 30 * mega]]);
    const real = hub.put;
    let count = 0;
    hub.put = (...all) => {
      if (++count === 5) uploader.cancel();
      return real(...all);
    };
    expect(await uploader.run()).toBe(false);
    expect(states(uploader)).toEqual(['waiting']);
    expect(hub.parts.size).toBeLessThan(10);
    hub.put = real;
    expect(await uploader.run()).toBe(true);
  });

  it('asks for new addresses when the old have aged', async () => {
    const { uploader, hub } = uploading([['big.bin', 3 * mega]]);
    hub.breakPut = (url, tries) => (url.endsWith('/2') && tries === 1 ? new ApiError(403, 'expired') : null);
    expect(await uploader.run()).toBe(true);
    expect(hub.slept).toEqual([]);
  });

  it('hashes again when the remembered hash was of other bytes', async () => {
    const { uploader, hub } = uploading([['big.bin', 2 * mega]]);
    hub.hashes.set(uploader.items[0]!.file, 'stale');
    const complete = hub.complete;
    hub.complete = async (url, sha, parts) => {
      if (sha === 'stale') throw new ApiError(422, 'the bytes have another hash');
      return complete(url, sha, parts);
    };
    expect(await uploader.run()).toBe(true);
    expect(hub.stored.has('hash-big.bin')).toBe(true);
  });

  it('reads a file before it believes that the hub has it', async () => {
    // Of the same name, size and time as a file that was uploaded from another folder.
    const { uploader, hub } = uploading([['big.bin', 2 * mega]]);
    hub.hashes.set(uploader.items[0]!.file, 'hash-other.bin');
    hub.stored.add('hash-other.bin');
    expect(await uploader.run()).toBe(true);
    expect(uploader.items[0]!.sha256).toBe('hash-big.bin');
    expect(hub.log).toEqual(['hash', 'put hash-big.bin/1', 'put hash-big.bin/2', 'complete 2']);
    expect(hub.hashes.get(uploader.items[0]!.file)).toBe('hash-big.bin');
  });

  it('reads a file before it leaves it out as unchanged', async () => {
    const { uploader, hub } = uploading([['same.bin', 2 * mega]]);
    const { file } = uploader.items[0]!;
    hub.hashes.set(file, 'hash-same.bin');
    hub.names.set(file, 'changed.bin');
    expect(await uploader.run()).toBe(true);
    expect(states(uploader)).toEqual(['stored']);
    expect(uploader.items[0]!.sha256).toBe('hash-changed.bin');
  });

  it('believes a memory that the file agrees with', async () => {
    const { uploader, hub } = uploading([
      ['same.bin', 2 * mega],
      ['big.bin', 2 * mega]
    ]);
    for (const { file, path } of uploader.items) hub.hashes.set(file, `hash-${path}`);
    hub.stored.add('hash-big.bin');
    expect(await uploader.run()).toBe(true);
    expect(states(uploader)).toEqual(['unchanged', 'stored']);
    expect(hub.log).toEqual(['hash', 'hash']);
  });

  it('doubts a remembered hash in the second try as well', async () => {
    const { uploader, hub } = uploading([['big.bin', 2 * mega]]);
    hub.hashes.set(uploader.items[0]!.file, 'hash-other.bin');
    hub.breakPut = (url) => (url.startsWith('hash-other') ? new ApiError(413, 'no') : null);
    expect(await uploader.run()).toBe(false);
    hub.stored.add('hash-other.bin');
    expect(await uploader.run()).toBe(true);
    expect(uploader.items[0]!.sha256).toBe('hash-big.bin');
  });

  it('says at once what will not pass', async () => {
    const { uploader, hub } = uploading([
      ['a.bin', 5000],
      ['b.bin', 5000]
    ]);
    hub.breakPut = (url) => (url.startsWith('hash-a') ? new ApiError(413, 'too large') : null);
    expect(await uploader.run()).toBe(false);
    expect(states(uploader)).toEqual(['failed', 'stored']);
    expect(hub.slept).toEqual([]);
  });

  it('can leave out the folder that was chosen', () => {
    const { uploader } = uploading([
      ['in/up/a', 1],
      ['in/up/b/c', 1]
    ]);
    uploader.dropFolder('in', 'up');
    expect(uploader.items.map((item) => item.path)).toEqual(['in/a', 'in/b/c']);
  });

  it('replaces a file that is chosen again', () => {
    const { uploader } = uploading([
      ['a', 1],
      ['a', 2]
    ]);
    expect(uploader.items.map((item) => item.size)).toEqual([2]);
  });
});

describe('plans', () => {
  const here = 'https://hub.test/x';
  const answer = (upload?: object) => ({
    objects: [{ oid: 's', size: 10, ...(upload ? { actions: { upload } } : {}) }]
  });
  it('are read from a batch', () => {
    expect(readPlan(answer(), 's', 10, here)).toEqual({ kind: 'present' });
    expect(readPlan(answer({ href: 'http://inside:80/api/lfs/upload/g?x=1' }), 's', 10, here)).toEqual({
      kind: 'whole',
      url: '/api/lfs/upload/g?x=1'
    });
    const header = { chunk_size: '4', '00001': '/p/1', '00002': '/p/2', '00003': '/p/3' };
    expect(readPlan(answer({ href: '/done', header }), 's', 10, here)).toEqual({
      kind: 'parts',
      partBytes: 4,
      parts: ['/p/1', '/p/2', '/p/3'],
      completion: '/done'
    });
  });
  it('are refused when they do not fit', () => {
    expect(() => readPlan(answer({ href: '/d', header: { chunk_size: '4', '00001': '/p' } }), 's', 10, here)).toThrow();
    expect(() => readPlan({ objects: [] }, 's', 10, here)).toThrow();
    expect(() => readPlan({ objects: [{ oid: 's', error: { message: 'too large' } }] }, 's', 10, here)).toThrow(
      'too large'
    );
  });
  it('cut the last slice short', () => {
    expect(sliceOf(3, 4, 10)).toEqual({ number: 3, start: 8, end: 10 });
  });
});

describe('retry', () => {
  it('pauses no longer than half a minute', () =>
    expect([0, 1, 5, 20].map(pauseMs)).toEqual([1000, 2000, 30000, 30000]));
  it('gives up in the end', async () => {
    let asked = 0;
    const signal = new AbortController().signal;
    await expect(
      again(
        async () => {
          asked += 1;
          throw new ApiError(500, 'x');
        },
        { signal, pause: async () => {} }
      )
    ).rejects.toThrow('x');
    expect(asked).toBe(8);
  });
  it('lets so many through a gate', async () => {
    const gate = new Gate(2);
    let now = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 10 }, () =>
        gate.through(async () => {
          most = Math.max(most, ++now);
          await new Promise((resolve) => setTimeout(resolve, 1));
          now -= 1;
        })
      )
    );
    expect(most).toBe(2);
  });
});
