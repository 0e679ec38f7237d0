// Files of a drop or a choice, folders walked through, each with its path below what was chosen.

export interface Chosen {
  file: File;
  path: string;
}

export const chosenMax = 20_000;

// Git's own folder and what systems leave behind are never meant.
export const isLitter = (path: string) => /(^|\/)(\.git\/|\.DS_Store$|Thumbs\.db$|__pycache__\/)/.test(path);

export function fromInput(files: FileList): Chosen[] {
  return [...files]
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(({ path }) => !isLitter(path));
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject));

// A reader tells a hundred entries at a time and ends with none.
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0 || all.length > chosenMax) return all;
    all.push(...some);
  }
}

export async function fromDrop(data: DataTransfer): Promise<Chosen[]> {
  // The list empties itself when the event is over: entries are taken first.
  const waiting = [...data.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry != null);
  if (waiting.length === 0) return fromInput(data.files);
  const chosen: Chosen[] = [];
  for (let entry = waiting.shift(); entry && chosen.length <= chosenMax; entry = waiting.shift()) {
    const path = entry.fullPath.replace(/^\//, '');
    if (isLitter(entry.isDirectory ? `${path}/` : path)) continue;
    if (entry.isFile) chosen.push({ file: await fileOf(entry as FileSystemFileEntry), path });
    else waiting.push(...(await entriesOf(entry as FileSystemDirectoryEntry)));
  }
  return chosen;
}
