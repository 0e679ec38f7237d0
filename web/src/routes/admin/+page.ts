import { get } from '#lib/api/client.ts';
import type { Health, Job } from '#lib/api/admin.ts';
import { orFail } from '#lib/load.ts';

export async function load({ depends }) {
  depends('admin:health');
  const [health, failed] = await orFail(
    Promise.all([
      get<Health>('/api/admin/health'),
      get<{ jobs: Job[] }>('/api/admin/jobs', { state: 'failed', limit: 100 })
    ])
  );
  return { health, failed: failed.jobs.length };
}
