import { requireUser } from '#lib/settings/access.ts';

export const load = async ({ url }) => ({ user: await requireUser(url) });
