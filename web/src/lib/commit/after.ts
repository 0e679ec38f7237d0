// Where a page goes once its commit is made.
import { goto, invalidateAll } from '$app/navigation';
import { revisionPage, type RepoPageName, type RepoRef } from '#lib/repo/ref.ts';
import { say } from '#lib/ui/toasts.svelte.ts';
import type { Committed } from './commit.ts';

export async function goAfter(repo: RepoRef, { revision, pull }: Committed, page: RepoPageName, path: string) {
  say(pull === null ? 'Committed' : `Pull request #${pull} is open, as ${revision}`);
  await goto(revisionPage(repo, page, revision, path));
  await invalidateAll();
}
