// What a file is, by its name: which picture a list shows, and which view the file's page opens.

export type Sort = 'archive' | 'audio' | 'code' | 'data' | 'image' | 'other' | 'table' | 'text' | 'video' | 'weights';

const sorts: Record<Sort, string> = {
  archive: 'zip tar gz tgz bz2 xz zst 7z rar',
  audio: 'mp3 wav flac ogg oga opus m4a aac weba',
  code: 'py js ts mjs cjs jsx tsx svelte vue c cc cpp cxx h hh hpp rs go java kt swift rb php lua r jl sh bash zsh ps1 sql html css scss cu cuh metal m mm scala cs f90 dockerfile makefile cmake jinja j2 proto ipynb',
  data: 'json jsonl ndjson yaml yml toml ini cfg xml',
  image: 'png jpg jpeg gif webp avif bmp ico svg',
  other: '',
  table: 'csv tsv parquet arrow feather xlsx',
  text: 'txt md markdown rst tex log license notice',
  video: 'mp4 webm mov ogv m4v',
  weights:
    'safetensors gguf ggml bin pt pth ckpt onnx h5 keras pkl pickle npz npy msgpack pb tflite mlmodel joblib model'
};
const sortByEnding = new Map<string, Sort>();
for (const [sort, endings] of Object.entries(sorts))
  for (const ending of endings.split(' ')) sortByEnding.set(ending, sort as Sort);

// The last word after a dot; of a name without one, the whole name (Makefile, LICENSE).
export function endingOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  return name.slice(name.lastIndexOf('.') + 1);
}

export const sortOf = (path: string): Sort => sortByEnding.get(endingOf(path)) ?? 'other';

export type View =
  | 'audio'
  | 'gguf'
  | 'image'
  | 'json'
  | 'markdown'
  | 'none' // nothing that a page could show: facts and a download
  | 'notebook'
  | 'pdf'
  | 'safetensors'
  | 'shards'
  | 'table'
  | 'text'
  | 'video';

// Sizes above which a page no longer reads a file as a whole.
export const limits = {
  textBytes: 2_000_000,
  firstTextBytes: 500_000, // shown of a longer text
  highlightBytes: 300_000,
  imageBytes: 50_000_000,
  notebookBytes: 10_000_000,
  shardIndexBytes: 10_000_000
};

const binary = new Set(
  'parquet arrow feather xlsx doc docx ppt pptx bin pt pth ckpt onnx h5 keras pkl pickle npz npy msgpack pb tflite mlmodel joblib model ggml zip tar gz tgz bz2 xz zst 7z rar so dll dylib exe whl db sqlite woff woff2 ttf otf wasm spm'.split(
    ' '
  )
);

export function viewOf(path: string, size: number): View {
  const ending = endingOf(path);
  const sort = sortOf(path);
  if (ending === 'safetensors' || ending === 'gguf') return ending;
  if (/\.safetensors\.index\.json$/i.test(path) && size <= limits.shardIndexBytes) return 'shards';
  if (sort === 'image') return size <= limits.imageBytes ? 'image' : 'none';
  if (sort === 'audio' || sort === 'video') return sort;
  if (ending === 'pdf') return 'pdf';
  if (ending === 'csv' || ending === 'tsv') return 'table';
  if (ending === 'ipynb') return size <= limits.notebookBytes ? 'notebook' : 'text';
  if ((ending === 'md' || ending === 'markdown') && size <= limits.textBytes) return 'markdown';
  if (ending === 'json' && size <= limits.textBytes) return 'json';
  if (binary.has(ending)) return 'none';
  return 'text';
}

// Text has no zero bytes; what is read first tells.
export const looksBinary = (bytes: Uint8Array) => bytes.subarray(0, 8000).includes(0);

const textViews = new Set<View>(['text', 'markdown', 'json', 'table', 'notebook', 'shards']);
export const isTextView = (path: string, size: number) => textViews.has(viewOf(path, size));

// What an editor takes: text that git itself stores, and not too much of it.
export const editable = (path: string, size: number, large: boolean) =>
  !large && size <= 1_000_000 && isTextView(path, size);
