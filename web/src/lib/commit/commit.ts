// Making a commit: lines of JSON, one operation each, onto a branch, a new branch or a new pull request.
import { ApiError, request, send, withQuery } from '#lib/api/client.ts';
import { forgetRefs } from '#lib/files/refs.ts';
import { escapePath, escapeRevision, repoApi, type RepoRef } from '#lib/repo/ref.ts';

export type Operation =
  | { kind: 'text'; path: string; text: string }
  | { kind: 'large'; path: string; sha256: string; size: number }
  | { kind: 'delete'; path: string }
  | { kind: 'deleteFolder'; path: string };

export interface Message {
  title: string;
  description: string;
}

// Where a commit goes.
export type Target = { kind: 'here' } | { kind: 'branch'; name: string } | { kind: 'pull' };

export interface Choice extends Message {
  target: Target;
}

export function headerLine({ title, description }: Message, parent?: string | null): string {
  return JSON.stringify({
    key: 'header',
    value: { summary: title, description, ...(parent ? { parentCommit: parent } : {}) }
  });
}

export function operationLine(operation: Operation): string {
  switch (operation.kind) {
    case 'text':
      return JSON.stringify({
        key: 'file',
        value: { path: operation.path, content: operation.text, encoding: 'utf-8' }
      });
    case 'large': {
      const { path, sha256, size } = operation;
      return JSON.stringify({ key: 'lfsFile', value: { path, algo: 'sha256', oid: sha256, size } });
    }
    case 'delete':
      return JSON.stringify({ key: 'deletedFile', value: { path: operation.path } });
    case 'deleteFolder':
      return JSON.stringify({ key: 'deletedFolder', value: { path: operation.path } });
  }
}

export interface Committed {
  oid: string;
  revision: string; // where the commit is to be seen
  pull: number | null;
}

interface Answer {
  commitOid: string;
  pullRequestUrl?: string;
}

export function readAnswer(answer: Answer, revision: string): Committed {
  const pull = /\/discussions\/(\d+)$/.exec(answer.pullRequestUrl ?? '')?.[1];
  return pull
    ? { oid: answer.commitOid, revision: `refs/pr/${pull}`, pull: Number(pull) }
    : { oid: answer.commitOid, revision, pull: null };
}

export type Sender = (url: string, body: Blob) => Promise<Answer>;

const sendBody: Sender = async (url, body) => {
  const response = await request(url, { method: 'POST', body, headers: { 'Content-Type': 'application/x-ndjson' } });
  return (await response.json()) as Answer;
};

// A branch that does not exist yet is made first; when the commit is refused, it stays as it began.
async function makeBranch(repo: RepoRef, name: string, start: string) {
  try {
    await send('POST', repoApi(repo, 'branch', escapePath(name)), { startingPoint: start });
    forgetRefs();
  } catch (failure) {
    if (failure instanceof ApiError && failure.status === 409)
      throw new ApiError(409, `There is a branch “${name}” already. Choose another name.`);
    throw failure;
  }
}

export async function commit(
  repo: RepoRef,
  revision: string,
  { target, ...message }: Choice,
  body: (header: string) => Blob,
  parent?: string | null,
  sender: Sender = sendBody
): Promise<Committed> {
  if (target.kind === 'branch') await makeBranch(repo, target.name, parent ?? revision);
  const onto = target.kind === 'branch' ? target.name : revision;
  const url = withQuery(repoApi(repo, 'commit', escapeRevision(onto)), target.kind === 'pull' ? { create_pr: 1 } : {});
  const answer = await sender(url, body(headerLine(message, parent)));
  forgetRefs();
  return readAnswer(answer, onto);
}

export const commitOperations = (
  repo: RepoRef,
  revision: string,
  choice: Choice,
  operations: Operation[],
  parent?: string | null
) =>
  commit(
    repo,
    revision,
    choice,
    (header) => new Blob([header, ...operations.map((each) => `\n${operationLine(each)}`), '\n']),
    parent
  );
