import { describe, expect, it } from 'vitest';
import type { Repo } from '#lib/api/types.ts';
import { libraryWays } from './libraries.ts';
import { datasetWays, languageOfSnippet, modelWays, shellWord, toThisHub, type Way } from './ways.ts';

const model = { type: 'model', ns: 'acme', name: 'bert' } as const;
const dataset = { type: 'dataset', ns: 'acme', name: 'reviews' } as const;
const repo = (id: string, more: Partial<Repo>): Repo => ({ id, createdAt: '2026-01-01T00:00:00Z', ...more });
const files = (...names: string[]) => names.map((rfilename) => ({ rfilename }));
const textOf = (ways: Way[], key: string) =>
  ways
    .find((way) => way.key === key)
    ?.blocks.map(({ text }) => text)
    .join('\n');
const endpoint = 'http://hub.example:8080';

describe('ways to use a model', () => {
  it('come from its library, for this hub', () => {
    const ways = libraryWays(
      model,
      repo('acme/bert', {
        library_name: 'transformers',
        pipeline_tag: 'fill-mask',
        tags: ['transformers', 'pytorch'],
        ...{
          transformersInfo: {
            auto_model: 'AutoModelForMaskedLM',
            pipeline_tag: 'fill-mask',
            processor: 'AutoTokenizer'
          }
        }
      }),
      endpoint
    );
    expect(ways[0]?.name).toBe('Transformers');
    expect(textOf(ways, 'library transformers')).toContain('pipeline("fill-mask", model="acme/bert")');
  });

  it('survive libraries that are none', () => {
    for (const library_name of ['constructor', '__proto__', 'nothing'])
      expect(libraryWays(model, repo('acme/bert', { library_name, tags: ['toString'] }), endpoint)).toEqual([]);
  });

  it('fetch one GGUF file and run it', () => {
    const ways = modelWays(model, repo('acme/bert', { siblings: files('m-Q8_0.gguf', 'm-Q4_K_M.gguf') }), endpoint);
    expect(textOf(ways, 'llama.cpp')).toBe(
      'hf download acme/bert m-Q4_K_M.gguf --local-dir .\nllama-server -m m-Q4_K_M.gguf'
    );
  });

  it('clone from here', () => {
    expect(textOf(modelWays(model, repo('acme/bert', {}), endpoint), 'git')).toContain(
      `git clone ${endpoint}/acme/bert`
    );
    expect(textOf(datasetWays(dataset, repo('acme/reviews', {}), endpoint), 'git')).toContain(
      `git clone ${endpoint}/datasets/acme/reviews`
    );
  });

  it('change addresses of this repository alone', () => {
    expect(toThisHub('https://huggingface.co/acme/bert/resolve/main/a', model, endpoint)).toBe(
      `${endpoint}/acme/bert/resolve/main/a`
    );
    expect(toThisHub('https://huggingface.co/docs/x', model, endpoint)).toBe('https://huggingface.co/docs/x');
  });
});

describe('ways to use a dataset', () => {
  it('know its subsets and its tables', () => {
    const ways = datasetWays(
      dataset,
      repo('acme/reviews', {
        cardData: { configs: [{ config_name: 'en' }, { config_name: 'de' }, null] },
        siblings: files('README.md', 'data/train.csv', 'data/train "1".parquet')
      }),
      endpoint
    );
    expect(textOf(ways, 'datasets')).toContain('load_dataset("acme/reviews", "en")');
    expect(textOf(ways, 'pandas')).toContain(
      'pd.read_parquet("hf://datasets/acme/reviews/data/train \\"1\\".parquet")'
    );
    expect(textOf(ways, 'polars')).toContain('HfFileSystem().open("datasets/acme/reviews/data/train');
  });

  it('leave tables out where there are none', () => {
    expect(datasetWays(dataset, repo('acme/reviews', {}), endpoint).map(({ key }) => key)).toEqual([
      'datasets',
      'hf',
      'git'
    ]);
  });
});

describe('code', () => {
  it('is quoted for the shell', () => {
    expect(shellWord('a-b.c/d')).toBe('a-b.c/d');
    expect(shellWord("a b'$(x)")).toBe("'a b'\\''$(x)'");
  });

  it('is recognized by its first line', () => {
    expect(languageOfSnippet('pip install x')).toBe('bash');
    expect(languageOfSnippet('from x import y')).toBe('python');
    expect(languageOfSnippet("import { pipeline } from '@huggingface/transformers';")).toBe('javascript');
  });
});
