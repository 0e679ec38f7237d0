import { get } from '#lib/api/client.ts';
import type { OrgOverview } from '#lib/api/types.ts';
import { orFail } from '#lib/load.ts';
import { requireOrgAdmin } from '#lib/settings/access.ts';

export async function load({ params, url, depends }) {
  depends(`org:${params.org}`);
  // A name that nobody has is a 404 for everybody, before rights are asked.
  const org = await orFail(get<OrgOverview>(`/api/organizations/${encodeURIComponent(params.org)}/overview`));
  await requireOrgAdmin(url, org.name);
  return { org };
}
