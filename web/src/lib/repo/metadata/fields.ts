// Which fields the form offers, by type of repository, and where its proposals come from.
import { get } from '#lib/api/client.ts';
import type { Tables } from '#lib/repo/facets.ts';
import type { RepoType } from '#lib/repo/ref.ts';
import { licenseNames } from '#lib/taxonomy/licenses.ts';
import type { Proposal } from '#lib/ui/Suggest.svelte';

export type Source = 'license' | 'language' | 'task' | 'library' | 'model' | 'dataset' | 'tag';

export interface FieldOf {
  key: string;
  label: string;
  hint?: string;
  kind: 'words' | 'word' | 'text' | 'choice' | 'flag';
  source?: Source;
  choices?: Proposal[];
  placeholder?: string;
  wide?: boolean;
  when?: (fields: Record<string, unknown>) => boolean;
}

const plain = (...values: string[]): Proposal[] => values.map((value) => ({ value }));
const has = (fields: Record<string, unknown>, key: string, value: string) => [fields[key]].flat().includes(value);

const license: FieldOf[] = [
  { key: 'license', label: 'License', kind: 'word', source: 'license', placeholder: 'Search licenses…' },
  {
    key: 'license_name',
    label: 'License name',
    kind: 'text',
    when: (fields) => has(fields, 'license', 'other'),
    hint: 'As a short id: acme-research-1'
  },
  {
    key: 'license_link',
    label: 'License text',
    kind: 'text',
    when: (fields) => has(fields, 'license', 'other'),
    hint: 'LICENSE.md in this repository, or an address'
  }
];
const language: FieldOf = {
  key: 'language',
  label: 'Languages',
  kind: 'words',
  source: 'language',
  placeholder: 'English, de, …'
};
const tags: FieldOf = {
  key: 'tags',
  label: 'Tags',
  kind: 'words',
  source: 'tag',
  placeholder: 'Any words',
  wide: true
};

const sizes = plain(
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
);
const colours = plain('red', 'yellow', 'green', 'blue', 'indigo', 'purple', 'pink', 'gray');

export const fieldsOf: Record<RepoType, FieldOf[]> = {
  model: [
    ...license,
    { key: 'pipeline_tag', label: 'Task', kind: 'word', source: 'task', placeholder: 'Text Generation, …' },
    { key: 'library_name', label: 'Library', kind: 'word', source: 'library', placeholder: 'transformers, …' },
    language,
    {
      key: 'base_model',
      label: 'Base models',
      kind: 'words',
      source: 'model',
      placeholder: 'namespace/name',
      hint: 'What this model was made from.'
    },
    {
      key: 'base_model_relation',
      label: 'Made by',
      kind: 'choice',
      choices: [
        { value: 'finetune', text: 'Finetuning' },
        { value: 'adapter', text: 'An adapter' },
        { value: 'merge', text: 'Merging' },
        { value: 'quantized', text: 'Quantizing' }
      ],
      when: (fields) => fields['base_model'] !== undefined,
      hint: 'Left open, the hub tells from the files.'
    },
    { key: 'datasets', label: 'Trained on', kind: 'words', source: 'dataset', placeholder: 'namespace/name' },
    {
      key: 'new_version',
      label: 'Newer version',
      kind: 'word',
      source: 'model',
      placeholder: 'namespace/name',
      hint: 'Readers of this card are shown the way there.'
    },
    tags
  ],
  dataset: [
    { key: 'pretty_name', label: 'Name as people say it', kind: 'text' },
    ...license,
    language,
    { key: 'task_categories', label: 'Tasks', kind: 'words', source: 'task', placeholder: 'Text Classification, …' },
    { key: 'size_categories', label: 'Rows', kind: 'choice', choices: sizes },
    {
      key: 'multilinguality',
      label: 'Multilinguality',
      kind: 'choice',
      choices: plain('monolingual', 'multilingual', 'translation')
    },
    {
      key: 'annotations_creators',
      label: 'Annotated by',
      kind: 'words',
      placeholder: 'crowdsourced, expert-generated, …'
    },
    {
      key: 'source_datasets',
      label: 'Made from',
      kind: 'words',
      source: 'dataset',
      placeholder: 'original, namespace/name'
    },
    tags
  ],
  space: [
    { key: 'title', label: 'Title', kind: 'text' },
    { key: 'emoji', label: 'Emoji', kind: 'text' },
    { key: 'colorFrom', label: 'Color from', kind: 'choice', choices: colours },
    { key: 'colorTo', label: 'Color to', kind: 'choice', choices: colours },
    { key: 'sdk', label: 'SDK', kind: 'choice', choices: plain('gradio', 'streamlit', 'docker', 'static') },
    { key: 'sdk_version', label: 'SDK version', kind: 'text' },
    { key: 'app_file', label: 'Starts with', kind: 'text', placeholder: 'app.py' },
    { key: 'short_description', label: 'In a few words', kind: 'text', wide: true },
    ...license,
    { key: 'models', label: 'Models it uses', kind: 'words', source: 'model', placeholder: 'namespace/name' },
    { key: 'datasets', label: 'Datasets it uses', kind: 'words', source: 'dataset', placeholder: 'namespace/name' },
    { key: 'pinned', label: 'Stands first on its owner’s page', kind: 'flag' },
    tags
  ],
  kernel: [...license, tags]
};

const named = (table: Record<string, string>): Proposal[] =>
  Object.entries(table).map(([value, text]) => ({ value, text }));

async function reposNamed(kind: 'model' | 'dataset', q: string): Promise<Proposal[]> {
  const found = await get<{ models?: { id: string }[]; datasets?: { id: string }[] }>('/api/quicksearch', {
    q,
    type: kind,
    limit: 10
  });
  return (found[`${kind}s`] ?? []).map(({ id }) => ({ value: id }));
}

export interface Sources {
  tables: Tables | null; // null until they are loaded
  tags: string[]; // in use on this hub
}

export function proposalsOf(
  field: FieldOf,
  type: RepoType,
  { tables, tags: inUse }: Sources
): Proposal[] | ((text: string) => Promise<Proposal[]>) {
  switch (field.source) {
    case 'license':
      return named(licenseNames);
    case 'language':
      return named(tables?.languages ?? {});
    case 'library':
      return named(tables?.modelLibraries ?? {});
    case 'task':
      return Object.entries(tables?.tasks ?? {})
        .filter(([, task]) => !(type === 'dataset' ? task.notForDatasets : task.notForModels))
        .map(([value, { name }]) => ({ value, text: name }));
    case 'tag':
      return inUse.map((value) => ({ value }));
    case 'model':
    case 'dataset': {
      const kind = field.source;
      return (text) => reposNamed(kind, text);
    }
    case undefined:
      return field.choices ?? [];
  }
}
