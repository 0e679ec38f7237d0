// Branches, tags and pull requests of a repository: asked once in a while, since every page below it shows them.
import { get } from '#lib/api/client.ts';
import type { Refs } from '#lib/api/types.ts';
import { repoApi, type RepoRef } from '#lib/repo/ref.ts';

const freshMs = 20_000;
let last: { api: string; at: number; refs: Promise<Refs> } | undefined;

export function loadRefs(repo: RepoRef): Promise<Refs> {
  const api = repoApi(repo, 'refs');
  if (last?.api === api && Date.now() - last.at < freshMs) return last.refs;
  const refs = get<Refs>(api, { include_prs: true });
  last = { api, at: Date.now(), refs };
  refs.catch(() => (last = undefined));
  return refs;
}

export const forgetRefs = () => (last = undefined);
