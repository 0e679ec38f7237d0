// Names of repositories, checked as they are typed. The server decides (src/base/repo_name.cc); this says it earlier.

const reserved = new Set(
  (
    'revision tree refs commits commit resolve raw blob blame paths-info preupload branch tag super-squash settings ' +
    'discussions like likers lfs-files treesize compare xet-read-token xet-write-token auth-check user-access-request ' +
    'duplicate resource-group scan jwt notebook leaderboard croissant parquet runtime secrets variables hardware ' +
    'sleeptime pause restart storage volumes dev-mode logs events metrics'
  ).split(' ')
);

// What is wrong with the name; null when nothing is.
export function wrongWithRepoName(name: string): string | null {
  if (name === '') return null;
  if (!/^[A-Za-z0-9_.-]*$/.test(name)) return 'Only letters, digits, -, _ and . may stand in it';
  if (name.length > 96) return 'It may be 96 characters long';
  if (/^[-.]|[-.]$/.test(name)) return 'It must not begin or end with - or .';
  if (/--|\.\./.test(name)) return 'It must not hold -- or ..';
  if (/\.git$/i.test(name)) return 'It must not end in .git';
  if (reserved.has(name.toLowerCase())) return 'This name is reserved';
  return null;
}

// The same for "namespace/name".
export function wrongWithRepoId(id: string): string | null {
  const [ns, name, ...more] = id.split('/');
  if (!ns || !name || more.length > 0) return 'It has the form owner/name';
  return wrongWithRepoName(name);
}
