import { get } from '#lib/api/client.ts';
import type { Job, JobState } from '#lib/api/admin.ts';
import { orFail } from '#lib/load.ts';

const states: JobState[] = ['waiting', 'running', 'failed', 'done'];

export async function load({ url, depends }) {
  depends('admin:jobs');
  const state = states.find((each) => each === url.searchParams.get('state'));
  return { state, ...(await orFail(get<{ jobs: Job[] }>('/api/admin/jobs', { state, limit: 200 }))) };
}
