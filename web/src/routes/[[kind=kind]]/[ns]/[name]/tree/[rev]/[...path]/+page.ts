import { error, redirect } from '@sveltejs/kit';
import { ApiError } from '#lib/api/client.ts';
import { loadRefs } from '#lib/files/refs.ts';
import { placeOf } from '#lib/files/revision.ts';
import { entryAt, loadCommits, loadTree } from '#lib/files/tree.ts';
import { orFail } from '#lib/load.ts';
import { refOf, revisionPage } from '#lib/repo/ref.ts';

export async function load({ params, depends, url }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const place = placeOf(params);
  depends('repo:files');
  const wholeRepo = { ...place, path: '' };
  try {
    const [tree, refs, commits, latest] = await Promise.all([
      loadTree(ref, place),
      loadRefs(ref),
      loadCommits(ref, wholeRepo, { limit: 100 }),
      place.path === '' ? null : entryAt(ref, place, true).then((entry) => entry.lastCommit ?? null)
    ]);
    return { ref, place, tree, refs, commits, latest };
  } catch (failure) {
    if (failure instanceof ApiError && failure.status === 404 && place.path !== '') {
      const entry = await entryAt(ref, place).catch(() => null);
      if (entry?.type === 'file') redirect(307, revisionPage(ref, 'blob', place.revision, place.path) + url.search);
    }
    // A repository without its first commit has no revision to show; it says so itself.
    if (failure instanceof ApiError && failure.code === 'RevisionNotFound' && place.path === '') {
      const refs = await orFail(loadRefs(ref));
      if (refs.branches.length === 0) return { ref, place, tree: null, refs, commits: null, latest: null };
      error(404, `There is no branch, tag or commit “${place.revision}” here.`);
    }
    return await orFail(Promise.reject(failure));
  }
}
