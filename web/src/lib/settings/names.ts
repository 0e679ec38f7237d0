// Names of users and organizations, checked as they are typed. The server decides; this says it earlier.

const reserved = new Set(
  (
    'api datasets spaces models kernels buckets docs oauth settings organizations join login logout new collections ' +
    'papers posts chat tasks search jobs .well-known v2 v1 xet metrics health healthz assets avatars _app admin ' +
    'new-dataset new-space'
  ).split(' ')
);

// What is wrong with the name; null when nothing is.
export function wrongWithName(name: string): string | null {
  if (name === '') return null;
  if (!/^[A-Za-z0-9_-]*$/.test(name)) return 'Only letters, digits, - and _ may stand in it';
  if (name.length > 42) return 'It may be 42 characters long';
  if (/^-|-$/.test(name)) return 'It must not begin or end with -';
  if (name.includes('--')) return 'It must not hold --';
  if (reserved.has(name.toLowerCase())) return 'This name is reserved';
  return null;
}
