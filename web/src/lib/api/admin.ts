// What /api/admin answers to administrators.

export interface AdminUser {
  name: string;
  fullname: string;
  email: string;
  isAdmin: boolean;
  createdAt: string;
  lastUsedAt?: string;
  repos: number;
  storedBytes: number;
}
export interface AdminUsers {
  users: AdminUser[];
  next?: string;
}

export interface AdminOrganization {
  name: string;
  fullname: string;
  createdAt: string;
  members: number;
  repos: number;
  storedBytes: number;
}
export interface AdminOrganizations {
  organizations: AdminOrganization[];
  next?: string;
}

export interface NamespaceStorage {
  name: string;
  logicalBytes: number;
  quotaBytes?: number; // none: as much as there is room for
}
export interface Storage {
  logicalBytes: number; // of all large files, each counted once
  storedBytes: number; // on disk
  savedBytes: number;
  xorbs: number;
  files: number;
  namespaces: NamespaceStorage[];
  garbage: { links: GarbageCount; files: GarbageCount; xorbs: GarbageCount }; // condemned, and waiting for their day
}

export type JobState = 'waiting' | 'running' | 'done' | 'failed';
export interface Job {
  id: number;
  kind: string;
  subject: string;
  state: JobState;
  attempts: number;
  runAfter: string;
  createdAt: string;
  lastError: string;
}

export interface Health {
  version: string;
  startedAt: string;
  uptimeSeconds: number;
  database: 'sqlite' | 'postgresql';
  databaseBytes?: number;
  blobs: 'file' | 's3';
  dataFolder: string;
  diskFreeBytes: number;
  diskTotalBytes: number;
  memoryBytes: number;
  threads: { io: number; pool: number; transfers: number };
  requests: Record<string, number>; // total, and by class: "2xx"
  gauges: Record<string, number>;
}

export interface Setting {
  name: string;
  value: string;
  help: string;
}

export interface GarbageCount {
  count: number;
  bytes: number;
}
export interface GarbageReport {
  dryRun: boolean;
  reposWalked: number;
  reposLeftOut: number;
  linksCondemned: GarbageCount;
  linksRemoved: GarbageCount;
  filesDropped: GarbageCount;
  xorbsCondemned: GarbageCount;
  xorbsRemoved: GarbageCount;
  straysRemoved: GarbageCount;
}
