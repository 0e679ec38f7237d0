// Hashes files beside the page, a slice at a time, so that neither memory nor the page feels their size.
import { createSHA256 } from 'hash-wasm';
import { Sha256 } from './sha256.ts';

const sliceBytes = 8 << 20;

export type Asked = { file: File };
export type Told = { hashed: number } | { sha256: string } | { failure: string };

interface Hasher {
  update(bytes: Uint8Array): unknown;
  hex(): string;
}

async function makeHasher(): Promise<Hasher> {
  try {
    const wasm = await createSHA256();
    wasm.init();
    return { update: (bytes) => wasm.update(bytes), hex: () => wasm.digest('hex') };
  } catch {
    return new Sha256();
  }
}

const tell = (told: Told) => postMessage(told);

addEventListener('message', async ({ data: { file } }: MessageEvent<Asked>) => {
  try {
    const hasher = await makeHasher();
    let next = file.slice(0, sliceBytes).arrayBuffer(); // read ahead while the one before is hashed
    for (let at = 0; at < file.size; at += sliceBytes) {
      const bytes = new Uint8Array(await next);
      const after = at + sliceBytes;
      if (after < file.size) next = file.slice(after, after + sliceBytes).arrayBuffer();
      hasher.update(bytes);
      tell({ hashed: Math.min(after, file.size) });
    }
    tell({ sha256: hasher.hex() });
  } catch (error) {
    tell({ failure: error instanceof Error ? error.message : String(error) });
  }
});
