// The card's text, and what else its page needs at once.
import { ApiError, get } from '#lib/api/client.ts';
import type { Repo } from '#lib/api/types.ts';
import { readText } from '#lib/files/read.ts';
import { repoApi, refFromId, type RepoRef } from '#lib/repo/ref.ts';
import { newestOf } from '#lib/repo/facts/related.ts';

export const cardPath = 'README.md';
export const cardBytesMax = 1_200_000; // of what is read; a longer card is shown by its file page

export type Card =
  { state: 'absent' } | { state: 'gated'; words: string } | { state: 'here'; text: string; whole: boolean };

export async function loadCard(ref: RepoRef, repo: Repo): Promise<Card> {
  if (!repo.siblings?.some(({ rfilename }) => rfilename === cardPath)) return { state: 'absent' };
  try {
    const { text, whole } = await readText(ref, 'main', cardPath, cardBytesMax);
    return { state: 'here', text, whole };
  } catch (failure) {
    if (failure instanceof ApiError && failure.code === 'GatedRepo') return { state: 'gated', words: failure.message };
    if (failure instanceof ApiError && failure.status === 404) return { state: 'absent' };
    throw failure;
  }
}

export const loadNewest = (ref: RepoRef, repo: Repo): Promise<string | null> =>
  typeof repo.cardData?.['new_version'] === 'string'
    ? newestOf(ref, repo, (id) => get<Repo>(repoApi(refFromId('model', id)), { expand: ['cardData'] }))
    : Promise.resolve(null);
