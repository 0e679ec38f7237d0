// The repository that all pages below show, and what the reader may do with it.
import { redirect } from '@sveltejs/kit';
import { get } from '#lib/api/client.ts';
import type { Repo, Rights } from '#lib/api/types.ts';
import { orFail } from '#lib/load.ts';
import { refFromId, refOf, repoApi, repoId, repoPage } from '#lib/repo/ref.ts';
import { takeBootRepo } from '#lib/session.svelte.ts';

// Beyond what the API tells by itself.
const expand: Record<string, string[]> = {
  model: [
    'author',
    'cardData',
    'config',
    'createdAt',
    'disabled',
    'downloads',
    'downloadsAllTime',
    'gated',
    'gguf',
    'lastModified',
    'library_name',
    'likes',
    'pipeline_tag',
    'private',
    'safetensors',
    'sha',
    'siblings',
    'tags',
    'usedStorage'
  ],
  dataset: [
    'author',
    'cardData',
    'createdAt',
    'disabled',
    'downloads',
    'downloadsAllTime',
    'gated',
    'lastModified',
    'likes',
    'private',
    'sha',
    'siblings',
    'tags',
    'usedStorage'
  ],
  space: [
    'author',
    'cardData',
    'createdAt',
    'disabled',
    'lastModified',
    'likes',
    'private',
    'sdk',
    'sha',
    'siblings',
    'tags',
    'usedStorage'
  ]
};

export async function load({ params, url, depends }) {
  const ref = refOf(params.kind, params.ns, params.name);
  const id = repoId(ref);
  depends(`repo:${ref.type}/${id}`);
  const boot = takeBootRepo(id);
  if (boot) return { ref, ...boot };
  const [repo, rights] = await orFail(
    Promise.all([get<Repo>(repoApi(ref), { expand: expand[ref.type] ?? [] }), get<Rights>(repoApi(ref, 'rights'))])
  );
  // A repository that moved answers under its new name.
  if (repo.id !== id) {
    const rest = url.pathname.slice(repoPage(ref).length);
    redirect(307, repoPage(refFromId(ref.type, repo.id)) + rest + url.search);
  }
  return { ref, repo, rights };
}
