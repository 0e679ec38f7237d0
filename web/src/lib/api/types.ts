// What the hub answers, as far as the pages read it.

import type { RepoType } from '#lib/repo/ref.ts';

export type Role = 'read' | 'contributor' | 'write' | 'admin';

export interface Site {
  version: string;
  allowSignUp: boolean;
  publicUrl: string; // "" when the hub has no name of its own: then it is where the browser found it
  limits: {
    regularFileBytes: number;
    lfsPartBytes: number;
    lfsMultipartAboveBytes: number;
    lfsObjectBytes: number;
  };
  user: Me | null;
}

export interface Me {
  name: string;
  fullname: string;
  email: string;
  avatarUrl: string;
  isAdmin: boolean;
  canCreateIn: string[];
  orgs: { name: string; fullname: string; avatarUrl: string; role: Role }[];
}

export interface Rights {
  see: boolean;
  read: boolean;
  propose: boolean;
  write: boolean;
  manage: boolean;
}

// One repository, in a list or by itself.
export interface Repo {
  id: string;
  author?: string;
  sha?: string;
  private?: boolean;
  gated?: false | 'auto' | 'manual';
  disabled?: boolean;
  createdAt: string;
  lastModified?: string;
  downloads?: number;
  downloadsAllTime?: number;
  likes?: number;
  trendingScore?: number;
  tags?: string[];
  pipeline_tag?: string;
  library_name?: string;
  sdk?: string;
  siblings?: { rfilename: string; size?: number; blobId?: string; lfs?: { sha256: string; size: number } }[];
  cardData?: Record<string, unknown>;
  safetensors?: { parameters: Record<string, number>; total: number };
  gguf?: { total?: number; architecture?: string; context_length?: number; chat_template?: string };
  config?: Record<string, unknown>;
  usedStorage?: number;
}

export interface TreeEntry {
  type: 'file' | 'directory';
  oid: string;
  size: number;
  path: string;
  lfs?: { oid: string; size: number; pointerSize: number };
  xetHash?: string;
  lastCommit?: { id: string; title: string; date: string };
}

export interface GitRef {
  name: string;
  ref: string;
  targetCommit: string;
}
export interface Refs {
  branches: GitRef[];
  tags: GitRef[];
  converts: GitRef[];
  pullRequests?: GitRef[];
}

export interface Commit {
  id: string;
  title: string;
  message: string;
  authors: { user: string; avatar?: string }[];
  date: string;
  parents?: string[];
}

export interface DiffHunk {
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  header: string; // "@@ -1,4 +1,5 @@ def main():", as the server writes it; empty where the page compares texts itself
  lines: string[]; // each begins with '+', '-' or ' '
}
export interface DiffFile {
  path: string;
  oldPath?: string;
  status: 'added' | 'deleted' | 'modified' | 'renamed';
  additions: number;
  deletions: number;
  binary: boolean;
  lfs?: { oldOid?: string; oldSize?: number; newOid?: string; newSize?: number };
  tooLarge?: boolean;
  hunks: DiffHunk[];
}
export interface Diff {
  files: DiffFile[];
  additions: number;
  deletions: number;
  truncated: boolean;
}

export interface FullTextHit {
  type: RepoType;
  id: string;
  path: string;
  excerpt: { text: string; mark: boolean }[];
  lastModified: string;
  private: boolean;
}

export interface Token {
  id: number;
  displayName: string;
  role: 'read' | 'write' | 'admin';
  hint: string;
  createdAt: string;
  expiration?: string;
  lastUsedAt?: string;
}

export interface Profile {
  name: string;
  fullname: string;
  email: string;
  details: string;
  homepage: string;
  avatarUrl: string;
  createdAt: string;
}

// With its storage, for those who look after it.
export interface OwnRepository {
  id: string;
  type: RepoType;
  updatedAt: string;
  visibility: 'public' | 'private';
  storage: number;
}

export interface Member {
  user: string;
  fullname: string;
  avatarUrl: string;
  role: Role;
}

export interface OrgOverview {
  name: string;
  fullname: string;
  avatarUrl: string;
  details?: string;
  homepage?: string;
  numUsers: number;
  numModels: number;
  numDatasets: number;
  numSpaces: number;
}
