// Ways to use a repository, as code to copy, for this hub's own address.
import { repoId, repoPage, type RepoRef } from '#lib/repo/ref.ts';
import type { Repo } from '#lib/api/types.ts';
import { quantizationsOf } from '#lib/repo/facts/read.ts';

export interface Block {
  text: string;
  language: string;
  title?: string;
}

export interface Way {
  key: string;
  name: string;
  docs?: string; // on another host: shown as a link, never loaded
  note?: string;
  needsEndpoint: boolean; // reads HF_ENDPOINT
  blocks: Block[];
}

// For the shell. What is not plainly a word is quoted.
export const shellWord = (word: string) =>
  /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
// Python reads JSON's strings.
const python = (text: string) => JSON.stringify(text);

// Snippets name huggingface.co where they name a repository by its whole address.
export function toThisHub(text: string, ref: RepoRef, endpoint: string): string {
  const page = repoPage(ref);
  return text
    .replaceAll(`https://huggingface.co${page}`, endpoint + page)
    .replaceAll(`https://hf.co${page}`, endpoint + page)
    .replaceAll(`hf.co${page}`, endpoint.replace(/^https?:\/\//, '') + page);
}

export function languageOfSnippet(text: string): string {
  const first = text.trimStart().split('\n', 1)[0] ?? '';
  if (
    /^(#!|\$ |(sudo|pip3?|uv|git|curl|npm|npx|brew|docker|ollama|hf|export|cd|wget|huggingface-cli|mlx_lm\.\w+|vllm) )/.test(
      first
    )
  )
    return 'bash';
  if (/^(import .* from ['"]|const |let |\/\/)/.test(first)) return 'javascript';
  if (/^[[{]/.test(first)) return 'json';
  return 'python';
}

const typeFlag = (ref: RepoRef) => (ref.type === 'model' ? '' : ` --repo-type ${ref.type}`);

export function commandLine(ref: RepoRef): Way {
  return {
    key: 'hf',
    name: 'hf command',
    needsEndpoint: true,
    blocks: [
      {
        title: 'All files, into the cache that Python libraries share',
        text: `hf download ${repoId(ref)}${typeFlag(ref)}`,
        language: 'bash'
      },
      {
        title: 'Into a folder',
        text: `hf download ${repoId(ref)}${typeFlag(ref)} --local-dir ${shellWord(ref.name)}`,
        language: 'bash'
      }
    ]
  };
}

export function git(ref: RepoRef, endpoint: string): Way {
  const url = endpoint + repoPage(ref);
  return {
    key: 'git',
    name: 'git',
    needsEndpoint: false,
    note: 'git asks for your user name, and for a token where other hosts ask for a password.',
    blocks: [
      {
        title: 'Everything; large files come through git-lfs',
        text: `git lfs install\ngit clone ${url}`,
        language: 'bash'
      },
      { title: 'Without the large files', text: `GIT_LFS_SKIP_SMUDGE=1 git clone ${url}`, language: 'bash' }
    ]
  };
}

// Programs that run GGUF files read them from a folder; which file is the person's choice, the first one is ours.
function llamaCpp(ref: RepoRef, repo: Repo): Way[] {
  const quantizations = quantizationsOf(repo);
  const chosen = quantizations.find(({ name }) => name === 'Q4_K_M') ?? quantizations[0];
  const file = chosen?.files[0] ?? repo.siblings?.find(({ rfilename }) => /\.gguf$/i.test(rfilename))?.rfilename;
  if (!file) return [];
  const wanted = (chosen?.files ?? [file]).map(shellWord).join(' ');
  return [
    {
      key: 'llama.cpp',
      name: 'llama.cpp',
      needsEndpoint: true,
      blocks: [
        {
          text: `hf download ${repoId(ref)} ${wanted} --local-dir .\nllama-server -m ${shellWord(file)}`,
          language: 'bash'
        }
      ]
    }
  ];
}

function vllm(ref: RepoRef, repo: Repo): Way[] {
  const served = ['text-generation', 'image-text-to-text'].includes(repo.pipeline_tag ?? '');
  if (!served || repo.library_name !== 'transformers') return [];
  return [
    {
      key: 'vllm',
      name: 'vLLM',
      needsEndpoint: true,
      blocks: [{ text: `pip install vllm\nvllm serve ${repoId(ref)}`, language: 'bash' }]
    }
  ];
}

export const modelWays = (ref: RepoRef, repo: Repo, endpoint: string): Way[] => [
  ...vllm(ref, repo),
  ...llamaCpp(ref, repo),
  commandLine(ref),
  git(ref, endpoint)
];

const readers: Record<string, { pandas: string; polars: string }> = {
  parquet: { pandas: 'read_parquet', polars: 'read_parquet' },
  csv: { pandas: 'read_csv', polars: 'read_csv' },
  tsv: { pandas: 'read_csv', polars: 'read_csv' },
  jsonl: { pandas: 'read_json', polars: 'read_ndjson' },
  json: { pandas: 'read_json', polars: 'read_json' }
};

// A table among the files, Parquet before text.
function tableOf(repo: Repo): { path: string; ending: string } | null {
  for (const ending of Object.keys(readers)) {
    const found = repo.siblings?.find(
      ({ rfilename }) => rfilename.toLowerCase().endsWith(`.${ending}`) && !rfilename.startsWith('.')
    );
    if (found) return { path: found.rfilename, ending };
  }
  return null;
}

function frames(ref: RepoRef, repo: Repo): Way[] {
  const table = tableOf(repo);
  if (!table) return [];
  const at = `datasets/${repoId(ref)}/${table.path}`;
  const { pandas, polars } = readers[table.ending]!;
  const extra = table.ending === 'jsonl' ? ', lines=True' : table.ending === 'tsv' ? ', sep="\\t"' : '';
  const separator = table.ending === 'tsv' ? ', separator="\\t"' : '';
  return [
    {
      key: 'pandas',
      name: 'pandas',
      docs: 'https://huggingface.co/docs/hub/datasets-pandas',
      needsEndpoint: true,
      blocks: [
        {
          text: 'pip install pandas huggingface_hub' + (table.ending === 'parquet' ? ' pyarrow' : ''),
          language: 'bash'
        },
        { text: `import pandas as pd\n\ndf = pd.${pandas}(${python(`hf://${at}`)}${extra})`, language: 'python' }
      ]
    },
    {
      key: 'polars',
      name: 'Polars',
      docs: 'https://huggingface.co/docs/hub/datasets-polars',
      needsEndpoint: true,
      note: 'Polars reads hf:// addresses from huggingface.co alone; through HfFileSystem it reads from here.',
      blocks: [
        { text: 'pip install polars huggingface_hub', language: 'bash' },
        {
          text: `import polars as pl\nfrom huggingface_hub import HfFileSystem\n\nwith HfFileSystem().open(${python(at)}) as file:\n    df = pl.${polars}(file${separator})`,
          language: 'python'
        }
      ]
    }
  ];
}

// Subsets that the card names, the default one first.
function subsets(repo: Repo): string[] {
  const configs = repo.cardData?.['configs'];
  const names = (Array.isArray(configs) ? configs : [])
    .map((config: unknown) => (config as { config_name?: unknown } | null)?.config_name)
    .filter((name): name is string => typeof name === 'string');
  return names.sort((one, two) => Number(two === 'default') - Number(one === 'default'));
}

export function datasetWays(ref: RepoRef, repo: Repo, endpoint: string): Way[] {
  const names = subsets(repo);
  const first = names[0];
  const more = first !== undefined && first !== 'default' ? `, ${python(first)}` : '';
  const others = names.length > 1 ? `\n# Subsets: ${names.slice(0, 20).map(python).join(', ')}` : '';
  return [
    {
      key: 'datasets',
      name: 'datasets',
      docs: 'https://huggingface.co/docs/datasets',
      needsEndpoint: true,
      blocks: [
        { text: 'pip install datasets', language: 'bash' },
        {
          text: `from datasets import load_dataset\n${others}\ndataset = load_dataset(${python(repoId(ref))}${more})`,
          language: 'python'
        }
      ]
    },
    ...frames(ref, repo),
    commandLine(ref),
    git(ref, endpoint)
  ];
}

export const spaceWays = (ref: RepoRef, endpoint: string): Way[] => [commandLine(ref), git(ref, endpoint)];
