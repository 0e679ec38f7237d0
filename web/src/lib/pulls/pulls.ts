// Pull requests as the server keeps them today: what is proposed, not yet what is said of it.
import { get } from '#lib/api/client.ts';
import { repoApi, type RepoRef } from '#lib/repo/ref.ts';

export interface Pull {
  num: number;
  title: string;
  status: 'draft' | 'open' | 'closed' | 'merged';
  author?: { name: string };
  createdAt: string;
}

interface PullEvent {
  type: string;
  createdAt: string;
  author?: { name: string };
  data: { subject?: string; oid?: string; latest?: { raw: string } };
}

export interface PullDetails extends Pull {
  changes: { base: string };
  events: PullEvent[];
}

export const pullRevision = (number: number) => `refs/pr/${number}`;

export const loadPulls = (ref: RepoRef, p: number) =>
  get<{ discussions: Pull[]; count: number; start: number }>(repoApi(ref, 'discussions'), {
    type: 'pull_request',
    p: String(p)
  });

export const loadPull = (ref: RepoRef, number: string) =>
  get<PullDetails>(repoApi(ref, 'discussions', encodeURIComponent(number)));

export interface Proposed {
  oid: string;
  title: string;
  author: string;
  date: string;
}

export const descriptionOf = (pull: PullDetails) =>
  pull.events.find((event) => event.type === 'comment')?.data.latest?.raw.trim() ?? '';

export const commitsOf = (pull: PullDetails): Proposed[] =>
  pull.events
    .filter((event) => event.type === 'commit')
    .map(({ data, author, createdAt }) => ({
      oid: data.oid ?? '',
      title: data.subject || 'No title',
      author: author?.name ?? '',
      date: createdAt
    }));
