import { afterEach, describe, expect, it, vi } from 'vitest';
import { commitOperations, operationLine, readAnswer } from './commit.ts';

const repo = { type: 'dataset' as const, ns: 'a', name: 'b' };
const choice = { title: 'T', description: 'D', target: { kind: 'here' as const } };

function hub(answers: Record<string, [number, unknown]>) {
  const asked: { url: string; body: string }[] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push({ url, body: await new Response(init.body as BodyInit).text() });
    const [status, body] = answers[url] ?? [404, { error: 'no such address' }];
    return new Response(JSON.stringify(body), { status });
  });
  return asked;
}
afterEach(() => void vi.unstubAllGlobals());

describe('commits', () => {
  it('are lines of JSON, the header first', async () => {
    const asked = hub({ '/api/datasets/a/b/commit/feature%2Fx': [200, { commitOid: 'c1' }] });
    const done = await commitOperations(
      repo,
      'feature/x',
      choice,
      [
        { kind: 'text', path: 'a.txt', text: 'ü\n"' },
        { kind: 'large', path: 'b.bin', sha256: 'ff', size: 3 },
        { kind: 'delete', path: 'c' }
      ],
      'p1'
    );
    expect(done).toEqual({ oid: 'c1', revision: 'feature/x', pull: null });
    expect(
      asked[0]!.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    ).toEqual([
      { key: 'header', value: { summary: 'T', description: 'D', parentCommit: 'p1' } },
      { key: 'file', value: { path: 'a.txt', content: 'ü\n"', encoding: 'utf-8' } },
      { key: 'lfsFile', value: { path: 'b.bin', algo: 'sha256', oid: 'ff', size: 3 } },
      { key: 'deletedFile', value: { path: 'c' } }
    ]);
  });
  it('make a branch first where one is named', async () => {
    const asked = hub({
      '/api/datasets/a/b/branch/new/x': [200, {}],
      '/api/datasets/a/b/commit/new%2Fx': [200, { commitOid: 'c2' }]
    });
    const done = await commitOperations(
      repo,
      'main',
      { ...choice, target: { kind: 'branch', name: 'new/x' } },
      [],
      'p1'
    );
    expect(done.revision).toBe('new/x');
    expect(asked.map((each) => each.url)).toEqual([
      '/api/datasets/a/b/branch/new/x',
      '/api/datasets/a/b/commit/new%2Fx'
    ]);
    expect(JSON.parse(asked[0]!.body)).toEqual({ startingPoint: 'p1' });
  });
  it('say so when the branch is there', async () => {
    hub({ '/api/datasets/a/b/branch/x': [409, { error: 'exists' }] });
    await expect(
      commitOperations(repo, 'main', { ...choice, target: { kind: 'branch', name: 'x' } }, [])
    ).rejects.toThrow('Choose another name');
  });
  it('open pull requests', async () => {
    hub({
      '/api/datasets/a/b/commit/main?create_pr=1': [
        200,
        { commitOid: 'c3', pullRequestUrl: 'http://h/datasets/a/b/discussions/7' }
      ]
    });
    const done = await commitOperations(repo, 'main', { ...choice, target: { kind: 'pull' } }, []);
    expect(done).toEqual({ oid: 'c3', revision: 'refs/pr/7', pull: 7 });
  });
  it('write every operation', () => {
    expect(operationLine({ kind: 'deleteFolder', path: 'd' })).toBe('{"key":"deletedFolder","value":{"path":"d"}}');
    expect(readAnswer({ commitOid: 'x' }, 'main')).toEqual({ oid: 'x', revision: 'main', pull: null });
  });
});
