// Tags as people read them. The hub computes tags from card and files: plain words ("pytorch"), and words with a
// prefix ("license:mit", "base_model:quantized:acme/bert"). Pages of lists take them as `pipeline_tag`, `library`,
// `language`, `license`, `dataset`, `base_model` and `other`.

export interface ReadTag {
  raw: string;
  prefix: string; // shown before, "" for plain tags
  text: string;
  key: string; // the list's query parameter
  value: string;
  repo?: string; // the page it names, where it names a repository
}

const hidden = /^(region:|endpoints_compatible$|autotrain_compatible$|deploy:|doi:)/;
const relation = /^base_model:(adapter|finetune|merge|quantized):/;

export function readTag(raw: string): ReadTag | null {
  if (hidden.test(raw) || relation.test(raw)) return null;
  const colon = raw.indexOf(':');
  if (colon <= 0) return { raw, prefix: '', text: raw, key: 'other', value: raw };
  const prefix = raw.slice(0, colon);
  const value = raw.slice(colon + 1);
  switch (prefix) {
    case 'license':
      return { raw, prefix: 'License:', text: value, key: 'license', value };
    case 'language':
      return { raw, prefix: '', text: value, key: 'language', value };
    case 'dataset':
      return {
        raw,
        prefix: 'dataset',
        text: value,
        key: 'dataset',
        value,
        repo: value.includes('/') ? `/datasets/${value}` : undefined
      };
    case 'base_model':
      return {
        raw,
        prefix: 'base',
        text: value,
        key: 'base_model',
        value,
        repo: value.includes('/') ? `/${value}` : undefined
      };
    case 'task_categories':
    case 'task_ids':
    case 'size_categories':
    case 'format':
    case 'modality':
    case 'library':
      return { raw, prefix: '', text: value, key: prefix, value };
    default:
      return { raw, prefix: '', text: raw, key: 'other', value: raw };
  }
}
