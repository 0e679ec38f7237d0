import { expect, test } from 'vitest';
import { withQuery } from '#lib/api/client.ts';
import {
  changed,
  everything,
  listedProperties,
  listingAddress,
  listingQuery,
  readListing,
  searchTerms,
  sortsOf,
  toggled,
  type ListedType
} from './listing.ts';
import { readTag } from './tags.ts';

const read = (type: ListedType, text: string) => readListing(type, new URLSearchParams(text));
// The question without what every question carries.
function asked(type: ListedType, text: string) {
  const { expand, limit, withCount, ...rest } = listingQuery(type, read(type, text));
  expect([expand, limit, withCount]).toEqual([listedProperties[type], 30, true]);
  return Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== null && value !== '' && String(value) !== '')
  );
}

test('an address that says nothing lists everything, what trends first', () => {
  for (const type of ['model', 'dataset', 'space'] as const) {
    expect(read(type, '')).toEqual(everything);
    expect(asked(type, '')).toEqual({ sort: 'trendingScore' });
    expect(listingAddress(type, everything)).toBe(`/${type}s`);
  }
});

test('keys of models become parameters and tags', () => {
  expect(
    asked(
      'model',
      'pipeline_tag=fill-mask&library=transformers&library=gguf&language=fr&license=mit&dataset=acme/wiki' +
        '&base_model=acme/bert&other=medical&author=acme&gated=true&num_parameters=min:6B,max:128B&search=ber+ba&sort=created'
    )
  ).toEqual({
    pipeline_tag: ['fill-mask'],
    filter: ['transformers', 'gguf', 'fr', 'license:mit', 'dataset:acme/wiki', 'base_model:acme/bert', 'medical'],
    author: 'acme',
    gated: true,
    num_parameters: 'min:6B,max:128B',
    search: ['ber', 'ba'],
    sort: 'createdAt'
  });
});

test('keys of datasets become tags with their prefix', () => {
  expect(
    asked(
      'dataset',
      'modality=text&size_categories=n%3C1K&format=parquet&task_categories=translation&task_ids=x&library=polars' +
        '&language=sw&license=odbl&multilinguality=monolingual&benchmark=official&other=a&gated=0'
    )
  ).toEqual({
    filter: [
      'modality:text',
      'size_categories:n<1K',
      'format:parquet',
      'task_categories:translation',
      'task_ids:x',
      'library:polars',
      'language:sw',
      'license:odbl',
      'multilinguality:monolingual',
      'benchmark:official',
      'a'
    ],
    gated: false,
    sort: 'trendingScore'
  });
});

test('keys of Spaces', () => {
  expect(asked('space', 'sdk=gradio&license=mit&models=acme/bert&other=chat&gated=true&sort=likes')).toEqual({
    models: ['acme/bert'],
    filter: ['gradio', 'license:mit', 'chat'],
    sort: 'likes'
  });
});

test('values with their prefix, joined by commas, under older names and twice are understood', () => {
  expect(
    read('model', 'license=license:mit&library=a,b&library=b&filter=x,y&trained_dataset=dataset:d').chosen
  ).toEqual([
    { key: 'library', value: 'a' },
    { key: 'library', value: 'b' },
    { key: 'license', value: 'mit' },
    { key: 'dataset', value: 'd' },
    { key: 'other', value: 'x' },
    { key: 'other', value: 'y' }
  ]);
});

test('what means nothing is left out', () => {
  expect(read('model', 'sort=odd&gated=maybe&num_parameters=6B,min:x,max:&p=-3&unknown=1&library=&library=,')).toEqual(
    everything
  );
  expect(read('dataset', 'num_parameters=min:1B&sort=parameters')).toEqual(everything);
  expect(read('space', 'sort=downloads')).toEqual(everything);
});

test('orders have one name in addresses, and more in links', () => {
  for (const word of ['modified', 'lastModified', 'last_modified', 'updated'])
    expect(read('model', `sort=${word}`).sort).toBe('modified');
  expect(listingQuery('model', read('model', 'sort=name'))).toMatchObject({ sort: 'id', direction: 1 });
  expect(sortsOf('space').map(({ name }) => name)).toEqual(['trending', 'modified', 'created', 'likes', 'name']);
});

test('an address reads as it was written', () => {
  for (const text of [
    '/models?library=a%2Bb&language=fr&author=acme&gated=false&num_parameters=min%3A500M&search=x&sort=likes&p=3&cursor=MGQ6',
    '/models?num_parameters=max%3A1.5B',
    '/datasets?size_categories=n%3C1K&other=a%26b'
  ]) {
    const type = text.startsWith('/models') ? 'model' : 'dataset';
    expect(listingAddress(type, read(type, text.slice(text.indexOf('?'))))).toBe(text);
  }
});

test('choosing adds, removes, and replaces where there can be one only', () => {
  let listing = read('model', 'pipeline_tag=fill-mask&library=gguf&p=4&cursor=abc');
  listing = toggled('model', listing, { key: 'library', value: 'timm' });
  expect(listingAddress('model', listing)).toBe('/models?pipeline_tag=fill-mask&library=gguf&library=timm');
  listing = toggled('model', listing, { key: 'pipeline_tag', value: 'translation' });
  expect(listingAddress('model', listing)).toBe('/models?library=gguf&library=timm&pipeline_tag=translation');
  listing = toggled('model', listing, { key: 'library', value: 'gguf' });
  expect(listingAddress('model', listing)).toBe('/models?library=timm&pipeline_tag=translation');
});

test('any change begins at the first page', () => {
  expect(changed(read('model', 'p=4&cursor=abc'), { sort: 'likes' })).toEqual({ ...everything, sort: 'likes' });
});

test('tags on a page of a repository link to a list that this reads', () => {
  for (const [type, raw] of [
    ['model', 'license:mit'],
    ['model', 'base_model:acme/bert'],
    ['model', 'pytorch'],
    ['dataset', 'size_categories:n<1K'],
    ['dataset', 'language:fr'],
    ['dataset', 'modality:text'],
    ['space', 'chat']
  ] as const) {
    const tag = readTag(raw)!;
    expect(asked(type, withQuery('', { [tag.key]: tag.value })).filter).toEqual([raw]);
  }
});

test('a search is its words', () => {
  expect(searchTerms('  ber  base\t')).toEqual(['ber', 'base']);
});
