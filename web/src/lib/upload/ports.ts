// The uploader's outside world: the hub and the browser.
import { ApiError, request, send, withQuery } from '#lib/api/client.ts';
import { escapeRevision, repoApi, repoPage, type RepoRef } from '#lib/repo/ref.ts';
import { hashFile, UnreadableFile } from './hash.ts';
import { forgetHash, rememberedHash, rememberHash } from './memory.ts';
import { readPlan } from './plan.ts';
import { sleep } from './retry.ts';
import type { Ports, Sorted } from './uploader.svelte.ts';

async function base64Of(blob: Blob): Promise<string> {
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new UnreadableFile(reader.error?.message ?? 'unknown'));
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(',') + 1);
}

// XMLHttpRequest, since fetch tells nothing about bytes on their way out.
export function transfer(
  method: 'PUT' | 'POST',
  url: string,
  body: Blob,
  onProgress: (bytes: number) => void,
  signal?: AbortSignal,
  headers: Record<string, string> = {}
): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    const ask = new XMLHttpRequest();
    const stop = () => ask.abort();
    ask.open(method, url);
    for (const [name, value] of Object.entries(headers)) ask.setRequestHeader(name, value);
    ask.upload.onprogress = (event) => onProgress(event.loaded);
    ask.onload = () => {
      if (ask.status >= 200 && ask.status < 300) return resolve(ask);
      let words = ask.getResponseHeader('X-Error-Message') ?? '';
      try {
        words ||= String((JSON.parse(ask.responseText) as { error?: unknown }).error ?? '');
      } catch {
        // no JSON: the status has to do
      }
      reject(
        new ApiError(ask.status, words || `The server answered ${ask.status}`, ask.getResponseHeader('X-Error-Code'))
      );
    };
    ask.onerror = () => reject(new ApiError(0, 'The connection broke.'));
    ask.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    ask.onloadend = () => signal?.removeEventListener('abort', stop);
    if (signal?.aborted) return ask.onabort(new ProgressEvent('abort'));
    signal?.addEventListener('abort', stop);
    ask.send(body);
  });
}

export function hubPorts(repo: RepoRef, revision: string, asPull: () => boolean): Ports {
  const lfs = `${repoPage(repo)}.git/info/lfs/objects/batch`;
  return {
    async sort(items) {
      const files = await Promise.all(
        items.map(async ({ file, path, size }) => ({ path, size, sample: await base64Of(file.slice(0, 512)) }))
      );
      const url = withQuery(repoApi(repo, 'preupload', escapeRevision(revision)), asPull() ? { create_pr: 1 } : {});
      return (await send<{ files: Sorted[] }>('POST', url, { files })).files;
    },
    hash: hashFile,
    rememberedHash,
    rememberHash,
    forgetHash,
    async plan(sha256, size) {
      const response = await request(lfs, {
        method: 'POST',
        // Browsers send in parts whatever is larger than one, so that an interruption costs one part and not the file.
        headers: { 'Content-Type': 'application/vnd.git-lfs+json', 'X-Multipart': 'always' },
        body: JSON.stringify({
          operation: 'upload',
          transfers: ['basic', 'multipart'],
          hash_algo: 'sha256',
          objects: [{ oid: sha256, size }],
          ...(asPull() ? {} : { ref: { name: revision } })
        })
      });
      return readPlan(await response.json(), sha256, size, location.href);
    },
    async hasPart(url, bytes) {
      try {
        const response = await request(url, { method: 'HEAD' });
        return Number(response.headers.get('Content-Length')) === bytes;
      } catch (error) {
        // 404: it is not there yet. 405: this hub does not tell; then it is sent.
        if (error instanceof ApiError && (error.status === 404 || error.status === 405)) return false;
        throw error;
      }
    },
    async put(url, blob, onProgress, signal) {
      const ask = await transfer('PUT', url, blob, onProgress, signal, { 'Content-Type': 'application/octet-stream' });
      return ask.getResponseHeader('ETag') ?? '"part"';
    },
    async complete(url, sha256, parts) {
      await request(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/vnd.git-lfs+json', Accept: 'application/vnd.git-lfs+json' },
        body: JSON.stringify({ oid: sha256, parts })
      });
    },
    sleep
  };
}

// A small file inside the commit. Each line becomes a Blob at once, which the browser may keep on disk.
export async function fileLine(file: File, path: string): Promise<Blob> {
  const head = `\n{"key":"file","value":{"path":${JSON.stringify(path)},"encoding":"base64","content":"`;
  return new Blob([head, await base64Of(file), '"}}']);
}
