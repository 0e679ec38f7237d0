// What else on this hub belongs to a repository: models made from it, Spaces that use it.
import { getPage, type Page } from '#lib/api/client.ts';
import type { Repo } from '#lib/api/types.ts';
import { repoId, type RepoRef } from '#lib/repo/ref.ts';
import { relations, type Relation } from './read.ts';

export interface Child {
  relation: Relation;
  many: number;
  atLeast: boolean;
  href: string;
}

const names: Record<Relation, [string, string]> = {
  finetune: ['finetune', 'finetunes'],
  adapter: ['adapter', 'adapters'],
  merge: ['merge', 'merges'],
  quantized: ['quantization', 'quantizations']
};
export const childName = ({ relation, many }: Child) => names[relation][many === 1 ? 0 : 1];

export async function loadChildren(ref: RepoRef): Promise<Child[]> {
  const asked = relations.map(async (relation): Promise<Child> => {
    const tag = `base_model:${relation}:${repoId(ref)}`;
    const page = await getPage<Repo>('/api/models', { filter: tag, limit: 1, withCount: true });
    return {
      relation,
      many: page.total ?? page.items.length,
      atLeast: page.totalIsLeast || (page.total === null && page.next !== null),
      href: `/models?other=${encodeURIComponent(tag)}`
    };
  });
  return (await Promise.all(asked)).filter((child) => child.many > 0);
}

export const usersShown = 6;

export const loadSpaces = (ref: RepoRef): Promise<Page<Repo>> =>
  getPage<Repo>('/api/spaces', {
    [`${ref.type}s`]: repoId(ref),
    limit: usersShown,
    withCount: true,
    expand: ['cardData']
  });

export const loadTrained = (ref: RepoRef): Promise<Page<Repo>> =>
  getPage<Repo>('/api/models', { filter: `dataset:${repoId(ref)}`, limit: usersShown, withCount: true });

// The newest of a chain of new versions; null where the card names none, or none that is here.
export async function newestOf(ref: RepoRef, repo: Repo, ask: (id: string) => Promise<Repo>): Promise<string | null> {
  const seen = new Set([repoId(ref)]);
  let newest: string | null = null;
  for (let card = repo.cardData, hops = 0; hops < 8; hops += 1) {
    const next: unknown = card?.['new_version'];
    if (typeof next !== 'string' || !/^[\w.-]+\/[\w.-]+$/.test(next) || seen.has(next)) break;
    seen.add(next);
    try {
      card = (await ask(next)).cardData;
    } catch {
      break; // absent, or not for this reader
    }
    newest = next;
  }
  return newest;
}
