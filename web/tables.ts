// Small tables cut out of large packages when the pages are built. @huggingface/tasks brings every task's guide and
// every library's snippets (far over 100 kB) where a list only wants names; @huggingface/languages brings 7,900 languages.
//
// `import table from 'virtual:table/NAME'` gives a plain object, id to facts; src/tables.d.ts says which.
import { LANGUAGES_ISO_639_1, LANGUAGES_ISO_639_3 } from '@huggingface/languages';
import {
  DATASET_LIBRARIES_UI_ELEMENTS,
  MODALITIES,
  MODALITY_LABELS,
  MODEL_LIBRARIES_UI_ELEMENTS,
  PIPELINE_DATA
} from '@huggingface/tasks';
import type { Plugin } from 'vite';

const names = (languages: Record<string, { code: string; name: string }>) =>
  Object.fromEntries(Object.values(languages).map(({ code, name }) => [code, name]));

const labels = (libraries: Record<string, { prettyLabel: string }>) =>
  Object.fromEntries(Object.entries(libraries).map(([id, { prettyLabel }]) => [id, prettyLabel]));

const tables: Record<string, () => unknown> = {
  tasks: () =>
    Object.fromEntries(
      Object.entries(PIPELINE_DATA)
        .filter(([id]) => id !== 'other')
        .map(([id, task]) => [
          id,
          {
            name: task.name,
            area: task.modality,
            ...('hideInModels' in task && task.hideInModels ? { notForModels: true } : {}),
            ...('hideInDatasets' in task && task.hideInDatasets ? { notForDatasets: true } : {})
          }
        ])
    ),
  subtasks: () =>
    Object.fromEntries(
      Object.values(PIPELINE_DATA).flatMap((task) =>
        'subtasks' in task && task.subtasks ? task.subtasks.map(({ type, name }) => [type, name]) : []
      )
    ),
  areas: () => Object.fromEntries(MODALITIES.map((area) => [area, MODALITY_LABELS[area]])),
  'model-libraries': () => labels(MODEL_LIBRARIES_UI_ELEMENTS),
  'dataset-libraries': () => labels(DATASET_LIBRARIES_UI_ELEMENTS),
  languages: () => names(LANGUAGES_ISO_639_1),
  'more-languages': () => names(LANGUAGES_ISO_639_3)
};

const prefix = 'virtual:table/';

export function smallTables(): Plugin {
  return {
    name: 'small-tables',
    resolveId: (id) => (id.startsWith(prefix) && id.slice(prefix.length) in tables ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return;
      // As text for JSON.parse, which browsers read faster than an object literal.
      const text = JSON.stringify(tables[id.slice(prefix.length + 1)]?.());
      return `export default JSON.parse(${JSON.stringify(text)});`;
    }
  };
}
