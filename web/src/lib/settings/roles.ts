// What members of an organization may do, in words.
import type { Role } from '#lib/api/types.ts';

export const roleWords: Record<Role, { text: string; about: string }> = {
  read: { text: 'Read', about: 'sees private repositories' },
  contributor: { text: 'Contributor', about: 'and makes repositories, changes own ones' },
  write: { text: 'Write', about: 'and changes every repository' },
  admin: { text: 'Admin', about: 'and manages members and settings' }
};

export const roles = Object.keys(roleWords) as Role[];
