import { expect, test } from 'vitest';
import { tables } from '#lib/taxonomy/tables.ts';
import { byArea, facetsOf, labelOf, sizeLabel, unusedTasks, type TagInUse } from './facets.ts';

const tag = (id: string, count: number, type = 'other'): TagInUse => ({ id, label: id, type, count });
const brief = (values: { value: string; count: number }[] | undefined) =>
  values?.map(({ value, count }) => `${value} ${count}`);

test('plain tags of models are told apart by the tables', () => {
  const facets = facetsOf(
    'model',
    {
      other: [tag('fill-mask', 2), tag('transformers', 9), tag('en', 5), tag('medical', 1), tag('rag', 3)],
      license: [tag('license:mit', 4, 'license'), tag('license:apache-2.0', 4, 'license')],
      region: [tag('region:us', 9, 'region')],
      dataset: [tag('dataset:acme/wiki', 1, 'dataset')]
    },
    tables
  );
  expect(brief(facets.pipeline_tag)).toEqual(['fill-mask 2']);
  expect(brief(facets.library)).toEqual(['transformers 9']);
  expect(brief(facets.language)).toEqual(['en 5']);
  expect(brief(facets.other)).toEqual(['rag 3', 'medical 1']);
  expect(facets.license?.map(({ label }) => label)).toEqual(['Apache 2.0', 'MIT']);
  expect(brief(facets.dataset)).toEqual(['acme/wiki 1']);
  expect(Object.keys(facets)).not.toContain('region');
});

test('what the server calls a language is one', () => {
  const facets = facetsOf('model', { language: [tag('swh', 2, 'language')], other: [tag('swh', 2)] }, tables);
  expect(brief(facets.language)).toEqual(['swh 2']);
  expect(facets.other).toBeUndefined();
});

test('sizes of datasets go up, the rest by how many there are', () => {
  const facets = facetsOf(
    'dataset',
    {
      size_categories: [tag('size_categories:1M<n<10M', 9), tag('size_categories:n<1K', 1)],
      modality: [tag('modality:text', 1), tag('modality:audio', 3)],
      other: [tag('unheard:of', 1), tag('en', 1)]
    },
    tables
  );
  expect(facets.size_categories?.map(({ label }) => label)).toEqual(['< 1K', '1M – 10M']);
  expect(facets.modality?.map(({ label }) => label)).toEqual(['Audio', 'Text']);
  expect(brief(facets.other)).toEqual(['en 1', 'unheard:of 1']);
});

test('the SDK of a Space is a plain tag', () => {
  expect(Object.keys(facetsOf('space', { other: [tag('gradio', 1), tag('chat', 1)] }, tables))).toEqual([
    'sdk',
    'other'
  ]);
});

test('tasks that nothing does are known too, and none that the type has not', () => {
  const unused = unusedTasks('model', [{ value: 'fill-mask', label: '', count: 1 }], tables);
  expect(unused.length).toBeGreaterThan(30);
  expect(unused.map(({ value }) => value)).not.toContain('fill-mask');
  expect(unused.map(({ value }) => value)).not.toContain('multiple-choice');
  expect(byArea(unused, tables)[0]?.title).toBe('Multimodal');
});

test('labels', () => {
  expect(labelOf('model', 'language', 'fr', tables)).toBe('French');
  expect(labelOf('model', 'library', 'sentence-transformers', tables)).toBe('sentence-transformers');
  expect(labelOf('model', 'pipeline_tag', 'fill-mask', null)).toBe('fill-mask');
  expect([sizeLabel('n<1K'), sizeLabel('10K<n<100K'), sizeLabel('n>1T')]).toEqual(['< 1K', '10K – 100K', '> 1T']);
});
