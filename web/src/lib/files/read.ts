// Reading bytes of a file: whole, or the first so many of it.
import { request } from '#lib/api/client.ts';
import { resolveUrl, type RepoRef } from '#lib/repo/ref.ts';

export interface ReadBytes {
  bytes: Uint8Array<ArrayBuffer>;
  whole: boolean;
  commit: string | null; // that the revision stood for
}

export async function readBytes(
  repo: RepoRef,
  revision: string,
  path: string,
  most?: number,
  signal?: AbortSignal
): Promise<ReadBytes> {
  const response = await request(resolveUrl(repo, revision, path), {
    signal,
    headers: most === undefined ? {} : { Range: `bytes=0-${most - 1}` }
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const total = /\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1];
  return {
    bytes,
    whole: response.status === 200 || Number(total) === bytes.length,
    commit: response.headers.get('X-Repo-Commit')
  };
}

export async function readText(repo: RepoRef, revision: string, path: string, most?: number, signal?: AbortSignal) {
  const { bytes, whole, commit } = await readBytes(repo, revision, path, most, signal);
  return { text: new TextDecoder().decode(bytes), whole, commit };
}
