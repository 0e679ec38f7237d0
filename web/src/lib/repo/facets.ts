// What a list can be narrowed by: the tags in use on this hub with how many repositories carry them, under the names
// that people know, in the groups of the side panel.

import { licenseNames } from '#lib/taxonomy/licenses.ts';
import { keysOf, type ListedType } from './listing.ts';
import { readTag } from './tags.ts';

// GET /api/{models,datasets,spaces}-tags-by-type
export interface TagInUse {
  id: string;
  label: string;
  type: string;
  count?: number;
}
export type TagsByType = Record<string, TagInUse[]>;

export interface Tables {
  tasks: Record<string, { name: string; area: string; notForModels?: true; notForDatasets?: true }>;
  subtasks: Record<string, string>;
  areas: Record<string, string>;
  modelLibraries: Record<string, string>;
  datasetLibraries: Record<string, string>;
  languages: Record<string, string>;
}

export interface FacetValue {
  value: string;
  label: string;
  count: number;
  area?: string; // of a task
}
export type Facets = Record<string, FacetValue[]>; // by key of the address

const sdks: Record<string, string> = { gradio: 'Gradio', docker: 'Docker', static: 'Static', streamlit: 'Streamlit' };
const modalities: Record<string, string> = {
  '3d': '3D',
  audio: 'Audio',
  document: 'Document',
  geospatial: 'Geospatial',
  image: 'Image',
  tabular: 'Tabular',
  text: 'Text',
  timeseries: 'Time-series',
  video: 'Video'
};
const sizes = [
  'n<1K',
  '1K<n<10K',
  '10K<n<100K',
  '100K<n<1M',
  '1M<n<10M',
  '10M<n<100M',
  '100M<n<1B',
  '1B<n<10B',
  '10B<n<100B',
  '100B<n<1T',
  'n>1T'
];

export const sizeLabel = (size: string) => size.replace(/^n([<>])/, '$1 ').replace('<n<', ' – ');

export function labelOf(type: ListedType, key: string, value: string, tables: Tables | null): string {
  switch (key) {
    case 'pipeline_tag':
    case 'task_categories':
      return tables?.tasks[value]?.name ?? value;
    case 'task_ids':
      return tables?.subtasks[value] ?? value;
    case 'library':
      return (type === 'model' ? tables?.modelLibraries : tables?.datasetLibraries)?.[value] ?? value;
    case 'language':
      return tables?.languages[value] ?? value;
    case 'license':
      return licenseNames[value] ?? value;
    case 'sdk':
      return sdks[value] ?? value;
    case 'modality':
      return modalities[value] ?? value;
    case 'size_categories':
      return sizeLabel(value);
    default:
      return value;
  }
}

// Plain tags of a model say task, library and language without telling which; a Space's say its SDK.
function placeOf(type: ListedType, tag: TagInUse, tables: Tables): { key: string; value: string } | null {
  const read = readTag(tag.id.replace(/^pipeline_tag:/, ''));
  if (!read) return null;
  let { key } = read;
  const { value } = read;
  if (key === 'other') {
    if (type === 'space' && value in sdks) key = 'sdk';
    if (type === 'model') {
      if (['pipeline_tag', 'library', 'language'].includes(tag.type)) key = tag.type;
      else if (value in tables.tasks) key = 'pipeline_tag';
      else if (value in tables.modelLibraries) key = 'library';
      else if (value in tables.languages) key = 'language';
    }
  }
  return key in keysOf[type] ? { key, value } : { key: 'other', value: tag.id };
}

const order = new Intl.Collator('en', { numeric: true, sensitivity: 'base' }).compare;

export function facetsOf(type: ListedType, tags: TagsByType, tables: Tables): Facets {
  const facets: Facets = {};
  const seen = new Set<string>();
  for (const tag of Object.values(tags).flat()) {
    if (seen.has(tag.id)) continue;
    seen.add(tag.id);
    const place = placeOf(type, tag, tables);
    if (!place) continue;
    (facets[place.key] ??= []).push({
      value: place.value,
      label: labelOf(type, place.key, place.value, tables),
      count: tag.count ?? 0,
      area: tables.tasks[place.value]?.area
    });
  }
  for (const values of Object.values(facets)) values.sort((a, b) => b.count - a.count || order(a.label, b.label));
  facets.size_categories?.sort((a, b) => sizes.indexOf(a.value) - sizes.indexOf(b.value));
  return facets;
}

// Tasks that nothing here does yet.
export function unusedTasks(type: ListedType, used: FacetValue[], tables: Tables): FacetValue[] {
  const taken = new Set(used.map(({ value }) => value));
  return Object.entries(tables.tasks)
    .filter(([id, task]) => !taken.has(id) && !(type === 'model' ? task.notForModels : task.notForDatasets))
    .map(([id, task]) => ({ value: id, label: task.name, count: 0, area: task.area }))
    .sort((a, b) => order(a.label, b.label));
}

// Values under the area they belong to, areas in the tables' order; what has none comes last.
export function byArea(values: FacetValue[], tables: Tables): { title: string; values: FacetValue[] }[] {
  return Object.entries(tables.areas)
    .map(([area, title]) => ({
      title,
      values: values.filter((value) => (value.area ?? 'other') === area)
    }))
    .filter((group) => group.values.length > 0);
}

// Tables change only with the pages themselves.
let loaded: Promise<Tables> | undefined;
export function loadTables(): Promise<Tables> {
  loaded ??= import('#lib/taxonomy/tables.ts').then((module) => module.tables);
  return loaded;
}
