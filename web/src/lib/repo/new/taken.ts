// Whether a name is in use already, as far as the person may know.
import { get } from '#lib/api/client.ts';
import { kindOf, type RepoType } from '#lib/repo/ref.ts';

export async function isTaken(type: RepoType, owner: string, name: string, signal?: AbortSignal): Promise<boolean> {
  const found = await get<{ id: string }[]>(
    `/api/${kindOf(type)}`,
    { author: owner, search: name, limit: 100, sort: 'createdAt' },
    signal
  );
  return found.some(({ id }) => id.toLowerCase() === `${owner}/${name}`.toLowerCase());
}
