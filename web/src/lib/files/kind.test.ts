import { describe, expect, it } from 'vitest';
import { editable, looksBinary, sortOf, viewOf } from './kind.ts';

describe('kind', () => {
  it('goes by the ending', () => {
    expect(sortOf('a/Makefile')).toBe('code');
    expect(sortOf('a.b/thing')).toBe('other');
    expect(sortOf('x.TAR.GZ')).toBe('archive');
    expect(sortOf('model.safetensors')).toBe('weights');
  });
  it('chooses views', () => {
    expect(viewOf('model.safetensors', 1e12)).toBe('safetensors');
    expect(viewOf('model.safetensors.index.json', 1000)).toBe('shards');
    expect(viewOf('a.json', 1000)).toBe('json');
    expect(viewOf('a.json', 5e6)).toBe('text');
    expect(viewOf('a.png', 1e9)).toBe('none');
    expect(viewOf('a.ipynb', 100)).toBe('notebook');
    expect(viewOf('LICENSE', 100)).toBe('text');
    expect(viewOf('pytorch_model.bin', 100)).toBe('none');
    expect(viewOf('strange.ending', 100)).toBe('text');
  });
  it('sees zero bytes', () => {
    expect(looksBinary(new Uint8Array([65, 0, 66]))).toBe(true);
    expect(looksBinary(new TextEncoder().encode('ünï'))).toBe(false);
  });
  it('edits text of git only', () => {
    expect(editable('a.md', 10, false)).toBe(true);
    expect(editable('a.md', 10, true)).toBe(false);
    expect(editable('a.png', 10, false)).toBe(false);
    expect(editable('a.txt', 2e6, false)).toBe(false);
  });
});
