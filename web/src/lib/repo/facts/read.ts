// What a card's metadata says, read with suspicion: any field may hold anything.
import type { Repo } from '#lib/api/types.ts';
import { linkTarget } from '#lib/markdown/addresses.ts';
import type { RepoRef } from '#lib/repo/ref.ts';
import { licenseNames } from '#lib/taxonomy/licenses.ts';

export function words(value: unknown): string {
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
}

// One word or a list of words; each once.
export function list(value: unknown): string[] {
  const all = (Array.isArray(value) ? value : [value]).map(words).filter((word) => word !== '');
  return [...new Set(all)];
}

// "namespace/name", or null: only such may become a link.
export function asId(value: string): string | null {
  return /^[A-Za-z0-9_][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}$/.test(value) ? value : null;
}

export interface License {
  id: string;
  name: string;
  href: string | null;
  outside: boolean;
}

export function licenseOf(repo: Repo, ref: RepoRef, origin: string): License[] {
  const card = repo.cardData ?? {};
  const link = words(card['license_link']);
  const target = link === '' ? null : linkTarget(link, { ref, revision: 'main', origin });
  // The file that the repository carries, where the card names no other place.
  const file = repo.siblings?.find(({ rfilename }) => /^licen[cs]e(\.(md|txt))?$/i.test(rfilename))?.rfilename;
  const own = file ? linkTarget(`./${encodeURIComponent(file)}`, { ref, revision: 'main', origin }) : null;
  const shown = target ?? own;
  return list(card['license']).map((id) => ({
    id,
    name: (id === 'other' && words(card['license_name'])) || licenseNames[id] || id,
    href: shown?.href ?? null,
    outside: shown?.outside ?? false
  }));
}

// "Q4_K_M" of "model-Q4_K_M-00001-of-00002.gguf"; null where the name says nothing.
export function quantizationOf(file: string): string | null {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const found = [
    ...name.matchAll(/(?:^|[-._])((?:I?Q|TQ)[1-8](?:_[A-Z0-9]+)*|BF16|F?P?16|F?P?32|F16|F32|MXFP4(?:_MOE)?)(?=[-.])/gi)
  ];
  return found.at(-1)?.[1]?.toUpperCase() ?? null;
}

const bitsOf = (quantization: string) => Number(/^(?:I?Q|TQ|BF|FP?|MXFP)?(\d+)/.exec(quantization)?.[1] ?? 0);

export interface Quantization {
  name: string;
  bits: number;
  files: string[];
}

// The quantizations among a repository's files, smallest first.
export function quantizationsOf(repo: Repo): Quantization[] {
  const found = new Map<string, string[]>();
  for (const { rfilename } of repo.siblings ?? []) {
    if (!/\.gguf$/i.test(rfilename) || /mmproj/i.test(rfilename)) continue;
    const name = quantizationOf(rfilename);
    if (name === null) continue;
    const files = found.get(name);
    if (files) files.push(rfilename);
    else found.set(name, [rfilename]);
  }
  return [...found]
    .map(([name, files]) => ({ name, bits: bitsOf(name), files }))
    .sort((one, two) => one.bits - two.bits || one.name.localeCompare(two.name));
}

// How many rows a dataset's card says it has, over all of its subsets and splits.
export function rowsOf(card: Record<string, unknown> | undefined): number | null {
  const info = card?.['dataset_info'];
  let rows = 0;
  let known = false;
  for (const subset of Array.isArray(info) ? info : [info]) {
    const splits: unknown = (subset as { splits?: unknown } | null | undefined)?.splits;
    for (const split of Array.isArray(splits) ? splits : []) {
      const many: unknown = (split as { num_examples?: unknown } | null)?.num_examples;
      if (typeof many !== 'number' || !Number.isFinite(many) || many < 0) continue;
      rows += many;
      known = true;
    }
  }
  return known ? rows : null;
}

export const tagged = (repo: Repo, prefix: string): string[] =>
  (repo.tags ?? []).filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length));

export const relations = ['finetune', 'adapter', 'merge', 'quantized'] as const;
export type Relation = (typeof relations)[number];

// What the card says the model is to its base; the hub says it by tag where the card leaves it open.
export function relationOf(repo: Repo): Relation | null {
  return (
    relations.find((relation) => (repo.tags ?? []).some((tag) => tag.startsWith(`base_model:${relation}:`))) ?? null
  );
}
