import { invalidate } from '$app/navigation';
import { repoId, type RepoRef, type RepoType } from '#lib/repo/ref.ts';

const words: Record<RepoType, string> = { model: 'model', dataset: 'dataset', space: 'Space', kernel: 'kernel' };
export const wordFor = (ref: RepoRef) => words[ref.type];

// After a change: every page of the repository asks anew.
export const changed = (ref: RepoRef) => invalidate(`repo:${ref.type}/${repoId(ref)}`);
