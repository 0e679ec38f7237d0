import { afterEach, describe, expect, it, vi } from 'vitest';
import { headLength, loadHead, readHead, readShardIndex, totalsOf } from './safetensors.ts';

const file = (head: object) => {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(8 + json.length + 16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
};
const tensor = (shape: number[], dtype = 'F16') => ({ dtype, shape, data_offsets: [0, 8] });

function serve(bytes: Uint8Array) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    const wanted = new Headers(init.headers).get('Range') ?? '';
    asked.push(wanted);
    const [from, to] = wanted.slice(6).split('-').map(Number) as [number, number];
    return new Response(bytes.slice(from, to + 1), { status: 206 });
  });
  return asked;
}
afterEach(() => void vi.unstubAllGlobals());

describe('safetensors', () => {
  it('reads a head with one question', async () => {
    const bytes = file({ __metadata__: { format: 'pt' }, a: tensor([2, 3]), b: tensor([], 'F32') });
    const asked = serve(bytes);
    const head = await loadHead('/x', bytes.length);
    expect(asked).toEqual([`bytes=0-${bytes.length - 1}`]);
    expect(head.metadata).toEqual({ format: 'pt' });
    expect(head.tensors.map((t) => [t.name, t.parameters, t.bytes])).toEqual([
      ['a', 6, 8],
      ['b', 1, 8]
    ]);
    expect(totalsOf(head.tensors)[0]).toEqual({ dtype: 'F16', parameters: 6, bytes: 8 });
  });
  it('asks again for a long head, and for no more than it', async () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`layers.${i}.weight`, tensor([1])]));
    const bytes = file(many);
    const asked = serve(bytes);
    expect((await loadHead('/x', bytes.length)).tensors.length).toBe(5000);
    expect(asked).toEqual(['bytes=0-99999', `bytes=8-${bytes.length - 17}`]);
  });
  it('refuses what lies about itself', async () => {
    const huge = new Uint8Array(8).fill(255);
    expect(() => headLength(huge)).toThrow('claims');
    expect(() => headLength(new Uint8Array(3))).toThrow('short');
    const bytes = file({ a: tensor([1]) });
    serve(bytes);
    await expect(loadHead('/x', 20)).rejects.toThrow('longer than the file');
    for (const bad of [
      '[]',
      '{"a":1}',
      '{"a":{"dtype":"F16","shape":[-1],"data_offsets":[0,1]}}',
      '{"a":{"dtype":"F16","shape":[1],"data_offsets":[0]}}',
      '{'
    ])
      expect(() => readHead(bad)).toThrow();
  });
  it('reads an index of shards', () => {
    const index = readShardIndex('{"metadata":{"total_size":7},"weight_map":{"a":"m-10.x","b":"m-2.x","c":"m-2.x"}}');
    expect(index).toEqual({
      totalBytes: 7,
      files: [
        { name: 'm-2.x', tensors: ['b', 'c'] },
        { name: 'm-10.x', tensors: ['a'] }
      ]
    });
    expect(() => readShardIndex('{}')).toThrow();
  });
});
