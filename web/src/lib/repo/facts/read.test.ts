import { describe, expect, it } from 'vitest';
import type { Repo } from '#lib/api/types.ts';
import { asId, licenseOf, list, quantizationOf, quantizationsOf, relationOf, rowsOf } from './read.ts';

const ref = { type: 'model', ns: 'acme', name: 'bert' } as const;
const repo = (more: Partial<Repo>): Repo => ({ id: 'acme/bert', createdAt: '2026-01-01T00:00:00Z', ...more });

describe('metadata', () => {
  it('may be one word, a list, or nonsense', () => {
    expect(list('a')).toEqual(['a']);
    expect(list(['a', 'a', 1, null, {}, ' '])).toEqual(['a', '1']);
    expect(list(undefined)).toEqual([]);
    expect(list({ a: 1 })).toEqual([]);
  });

  it('makes links of names only', () => {
    expect(asId('acme/bert-1.5_x')).toBe('acme/bert-1.5_x');
    for (const bad of ['bert', 'javascript:x/y', '../../x', '//evil/x', 'a/b/c', 'a/b"c', 'a b/c', 'https://x/y'])
      expect(asId(bad), bad).toBeNull();
  });

  it('names licences and where they stand', () => {
    const of = (cardData: Record<string, unknown>, files: string[] = []) =>
      licenseOf(repo({ cardData, siblings: files.map((rfilename) => ({ rfilename })) }), ref, 'https://hub.example')[0];
    expect(of({ license: 'mit' })).toEqual({ id: 'mit', name: 'MIT', href: null, outside: false });
    expect(of({ license: 'other', license_name: 'acme-1', license_link: 'LICENSE.md' })).toEqual({
      id: 'other',
      name: 'acme-1',
      href: '/acme/bert/blob/main/LICENSE.md',
      outside: false
    });
    expect(of({ license: 'other', license_link: 'https://x.example/l' })?.outside).toBe(true);
    expect(of({ license: 'other', license_link: 'javascript:alert(1)' })?.href).toBeNull();
    expect(of({ license: 'mit' }, ['LICENSE'])?.href).toBe('/acme/bert/blob/main/LICENSE');
  });

  it('counts the rows of a dataset', () => {
    expect(rowsOf({ dataset_info: { splits: [{ num_examples: 2 }, { num_examples: 3 }] } })).toBe(5);
    expect(rowsOf({ dataset_info: [{ splits: [{ num_examples: 2 }] }, { splits: null }, null, 'x'] })).toBe(2);
    expect(rowsOf({ dataset_info: { splits: [{ num_examples: 'many' }] } })).toBeNull();
    expect(rowsOf(undefined)).toBeNull();
  });

  it('says what a model is to its base', () => {
    expect(relationOf(repo({ tags: ['base_model:a/b', 'base_model:quantized:a/b'] }))).toBe('quantized');
    expect(relationOf(repo({}))).toBeNull();
  });
});

describe('quantizations', () => {
  it('are read from file names', () => {
    for (const [file, name] of [
      ['model-Q4_K_M.gguf', 'Q4_K_M'],
      ['tiny.q8_0.gguf', 'Q8_0'],
      ['dir/m-IQ2_XXS-00001-of-00003.gguf', 'IQ2_XXS'],
      ['m.BF16.gguf', 'BF16'],
      ['m-f16.gguf', 'F16'],
      ['gpt-oss-mxfp4.gguf', 'MXFP4'],
      ['qwen2-7b-instruct.gguf', null],
      ['Q-learning.gguf', null]
    ] as const)
      expect(quantizationOf(file), file).toBe(name);
  });

  it('are listed from small to large, parts together', () => {
    const siblings = ['a-Q8_0.gguf', 'a-Q4_K_M-00001-of-00002.gguf', 'a-Q4_K_M-00002-of-00002.gguf', 'mmproj-F16.gguf'];
    expect(quantizationsOf(repo({ siblings: siblings.map((rfilename) => ({ rfilename })) }))).toEqual([
      { name: 'Q4_K_M', bits: 4, files: siblings.slice(1, 3) },
      { name: 'Q8_0', bits: 8, files: ['a-Q8_0.gguf'] }
    ]);
  });
});
