// How each library loads a model. The table is large: this file is imported when a person asks.
import { MODEL_LIBRARIES_UI_ELEMENTS, type ModelData } from '@huggingface/tasks';
import type { Repo } from '#lib/api/types.ts';
import type { RepoRef } from '#lib/repo/ref.ts';
import { languageOfSnippet, toThisHub, type Way } from './ways.ts';

interface Library {
  prettyLabel: string;
  docsUrl?: string;
  snippets?: (model: ModelData) => string[];
}

// Where the hub does not say by which class a model is loaded, the name of its architecture does.
function transformersInfo(repo: Repo): unknown {
  const architectures: unknown = repo.config?.['architectures'];
  const name: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  if (repo.library_name !== 'transformers' || typeof name !== 'string') return undefined;
  const purpose = /LMHeadModel$/.test(name) ? 'ForCausalLM' : (/For[A-Z]\w*$/.exec(name)?.[0] ?? '');
  return { auto_model: `AutoModel${purpose}`, pipeline_tag: repo.pipeline_tag, processor: 'AutoTokenizer' };
}

// The library that the hub found, then others that the tags name.
export function libraryWays(ref: RepoRef, repo: Repo, endpoint: string): Way[] {
  const known = MODEL_LIBRARIES_UI_ELEMENTS as Record<string, Library>;
  const keys = new Set([repo.library_name ?? '', ...(repo.tags ?? [])]);
  const ways: Way[] = [];
  for (const key of keys) {
    const library = Object.hasOwn(known, key) ? known[key] : undefined;
    if (!library?.snippets) continue;
    try {
      const texts = library.snippets({
        inference: '',
        transformersInfo: transformersInfo(repo),
        ...repo,
        tags: repo.tags ?? []
      } as unknown as ModelData);
      if (texts.every((text) => /type of model unknown/i.test(text))) continue;
      ways.push({
        key: `library ${key}`,
        name: library.prettyLabel,
        docs: library.docsUrl,
        needsEndpoint: true,
        blocks: texts.map((text) => ({
          text: toThisHub(text, ref, endpoint).trim(),
          language: languageOfSnippet(text)
        }))
      });
    } catch {
      // It wants metadata that this model lacks.
    }
  }
  return ways;
}
