// What the address of a list says (/models?pipeline_tag=...&sort=...), and how the hub is asked for it. The keys are
// those that people's links already have; tags.ts writes the same ones.

import { withQuery, type Query } from '#lib/api/client.ts';

export type ListedType = 'model' | 'dataset' | 'space';

export const pageSize = 30;

// How one key of an address becomes a question to the hub: a parameter of its own, or a tag behind a prefix.
interface Key {
  title: string; // for the chip of a chosen value
  parameter?: string;
  prefix?: string;
  single?: boolean; // a repository has one of these, so two would find nothing: choosing replaces
  also?: string[]; // other spellings of the key
}

const license: Key = { title: 'License', prefix: 'license:', single: true };
const other: Key = { title: 'Tag', also: ['filter', 'tags'] };
const prefixed = (title: string, prefix: string, single = false): Key => ({ title, prefix: `${prefix}:`, single });

export const keysOf: Record<ListedType, Record<string, Key>> = {
  model: {
    pipeline_tag: { title: 'Task', parameter: 'pipeline_tag', single: true },
    library: { title: 'Library' },
    language: { title: 'Language' },
    license,
    dataset: { title: 'Trained on', prefix: 'dataset:', also: ['trained_dataset'] },
    base_model: { title: 'Base model', prefix: 'base_model:' },
    apps: { title: 'App', parameter: 'apps' },
    inference_provider: { title: 'Served by', parameter: 'inference_provider' },
    other
  },
  dataset: {
    modality: prefixed('Modality', 'modality'),
    size_categories: prefixed('Size', 'size_categories', true),
    format: prefixed('Format', 'format'),
    task_categories: prefixed('Task', 'task_categories'),
    task_ids: prefixed('Sub-task', 'task_ids'),
    library: prefixed('Library', 'library'),
    language: prefixed('Language', 'language'),
    license,
    multilinguality: prefixed('Multilinguality', 'multilinguality'),
    language_creators: prefixed('Language creators', 'language_creators'),
    annotations_creators: prefixed('Annotations', 'annotations_creators'),
    benchmark: prefixed('Benchmark', 'benchmark'),
    other
  },
  space: {
    sdk: { title: 'SDK', single: true },
    license,
    models: { title: 'Uses model', parameter: 'models' },
    datasets: { title: 'Uses dataset', parameter: 'datasets' },
    other
  }
};

// What the hub calls an order, and other words for it that links may carry.
interface Order {
  text: string;
  sort: string;
  ascending?: boolean;
  also?: string[];
}
const orders = {
  trending: { text: 'Trending', sort: 'trendingScore', also: ['trending_score', 'trendingScore'] },
  modified: { text: 'Recently updated', sort: 'lastModified', also: ['lastModified', 'last_modified', 'updated'] },
  created: { text: 'Recently created', sort: 'createdAt', also: ['createdAt', 'created_at'] },
  downloads: { text: 'Most downloads', sort: 'downloads' },
  likes: { text: 'Most likes', sort: 'likes', also: ['likes30d'] },
  parameters: { text: 'Most parameters', sort: 'num_parameters', also: ['num_parameters', 'mainSize'] },
  name: { text: 'Name', sort: 'id', ascending: true, also: ['id', 'alphabetical'] }
} satisfies Record<string, Order>;
export type SortName = keyof typeof orders;

// Only models have parameters; Spaces are not downloaded.
const without: Record<ListedType, SortName[]> = {
  model: [],
  dataset: ['parameters'],
  space: ['parameters', 'downloads']
};

export const sortsOf = (type: ListedType): { name: SortName; text: string }[] =>
  (Object.entries(orders) as [SortName, Order][])
    .filter(([name]) => !without[type].includes(name))
    .map(([name, { text }]) => ({ name, text }));

function sortNamed(word: string | null): SortName {
  for (const [name, order] of Object.entries(orders) as [SortName, Order][]) {
    if (word === name || (word !== null && order.also?.includes(word))) return name;
  }
  return 'trending';
}

export interface Chosen {
  key: string;
  value: string;
}

export interface Listing {
  search: string;
  author: string;
  sort: SortName;
  chosen: Chosen[];
  gated: boolean | null;
  parameters: { min: string; max: string }; // "6B", "" where open
  cursor: string; // where the page begins, "" for the first
  page: number; // which one that is, to be shown
}

export const everything: Listing = {
  search: '',
  author: '',
  sort: 'trending',
  chosen: [],
  gated: null,
  parameters: { min: '', max: '' },
  cursor: '',
  page: 1
};

export const isSame = (one: Chosen, two: Chosen) => one.key === two.key && one.value === two.value;

const flags: Record<string, boolean> = { true: true, '1': true, false: false, '0': false };

function readParameters(text: string | null): Listing['parameters'] {
  const range = { min: '', max: '' };
  for (const piece of (text ?? '').split(',')) {
    const [, side, value] = /^\s*(min|max):(\d+(?:\.\d+)?[kmbt]?)\s*$/i.exec(piece) ?? [];
    if (side && value) range[side.toLowerCase() as 'min' | 'max'] = value.toUpperCase();
  }
  return range;
}

// Keys and values that mean nothing here are left out: the address is then written without them.
export function readListing(type: ListedType, params: URLSearchParams): Listing {
  const chosen: Chosen[] = [];
  for (const [key, { prefix, single, also = [] }] of Object.entries(keysOf[type])) {
    const values = [key, ...also]
      .flatMap((name) => params.getAll(name))
      .flatMap((text) => text.split(','))
      .map((value) => value.trim())
      .map((value) => (prefix && value.startsWith(prefix) ? value.slice(prefix.length) : value))
      .filter((value) => value !== '');
    for (const value of new Set(single ? values.slice(0, 1) : values)) chosen.push({ key, value });
  }
  const sort = sortNamed(params.get('sort'));
  return {
    search: params.get('search') ?? '',
    author: params.get('author') ?? '',
    sort: without[type].includes(sort) ? 'trending' : sort,
    chosen,
    gated: type === 'space' ? null : (flags[params.get('gated') ?? ''] ?? null),
    parameters: type === 'model' ? readParameters(params.get('num_parameters')) : { min: '', max: '' },
    cursor: params.get('cursor') ?? '',
    page: Math.max(1, Math.trunc(Number(params.get('p'))) || 1)
  };
}

const rangeText = ({ min, max }: Listing['parameters']) =>
  [min && `min:${min}`, max && `max:${max}`].filter(Boolean).join(',');

const grouped = (chosen: Chosen[]) => {
  const groups: Record<string, string[]> = {};
  for (const { key, value } of chosen) (groups[key] ??= []).push(value);
  return groups;
};

export function listingAddress(type: ListedType, listing: Listing): string {
  return withQuery(`/${type}s`, {
    ...grouped(listing.chosen),
    author: listing.author,
    gated: listing.gated,
    num_parameters: rangeText(listing.parameters),
    search: listing.search,
    sort: listing.sort === 'trending' ? null : listing.sort,
    p: listing.page > 1 ? listing.page : null,
    cursor: listing.cursor
  });
}

// A change of what is listed begins at the first page again.
export const changed = (listing: Listing, change: Partial<Listing>): Listing => ({
  ...listing,
  cursor: '',
  page: 1,
  ...change
});

// The list with a value chosen, or without it where it was.
export function toggled(type: ListedType, listing: Listing, it: Chosen): Listing {
  const rest = listing.chosen.filter((each) => !isSame(each, it));
  if (rest.length < listing.chosen.length) return changed(listing, { chosen: rest });
  const kept = keysOf[type][it.key]?.single ? rest.filter((each) => each.key !== it.key) : rest;
  return changed(listing, { chosen: [...kept, it] });
}

// What a card of the list shows.
export const listedProperties: Record<ListedType, string[]> = {
  model: [
    'createdAt',
    'downloads',
    'gated',
    'lastModified',
    'library_name',
    'likes',
    'pipeline_tag',
    'private',
    'safetensors',
    'tags',
    'trendingScore'
  ],
  dataset: [
    'createdAt',
    'description',
    'downloads',
    'gated',
    'lastModified',
    'likes',
    'private',
    'tags',
    'trendingScore'
  ],
  space: ['cardData', 'createdAt', 'lastModified', 'likes', 'private', 'sdk', 'tags', 'trendingScore']
};

export const searchTerms = (text: string) => text.split(/\s+/).filter((term) => term !== '');

export function listingQuery(type: ListedType, listing: Listing): Query {
  const order: Order = orders[listing.sort];
  const query: Record<string, string | number | boolean | string[] | null> = {
    search: searchTerms(listing.search),
    author: listing.author,
    gated: listing.gated,
    num_parameters: rangeText(listing.parameters),
    sort: order.sort,
    direction: order.ascending ? 1 : null,
    expand: listedProperties[type],
    limit: pageSize,
    withCount: true,
    cursor: listing.cursor
  };
  const tags: string[] = [];
  for (const [key, values] of Object.entries(grouped(listing.chosen))) {
    const { parameter, prefix = '' } = keysOf[type][key] ?? {};
    if (parameter) query[parameter] = values;
    else tags.push(...values.map((value) => prefix + value));
  }
  query.filter = tags;
  return query;
}
