// The head of a GGUF file by ranges: metadata, chat template, tensors.
import { gguf, GGMLQuantizationType } from '@huggingface/gguf';
import { request } from '#lib/api/client.ts';
import type { Tensor } from './safetensors.ts';

export interface GgufHead {
  metadata: [string, string][];
  chatTemplate: string | null;
  tensors: Tensor[];
}

const valuesShown = 20;
function wordsOf(value: unknown): string {
  if (Array.isArray(value)) {
    const first = value.slice(0, valuesShown).map(wordsOf).join(', ');
    return value.length > valuesShown ? `[${first}, … ${value.length.toLocaleString('en')} values]` : `[${first}]`;
  }
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = String(value);
  return text.length > 5000 ? `${text.slice(0, 5000)}…` : text;
}

export async function loadGguf(url: string): Promise<GgufHead> {
  const { metadata, tensorInfos } = await gguf(new URL(url, location.href).href, {
    fetch: (input, init) => request(input instanceof Request ? input.url : String(input), init)
  });
  const entries = Object.entries(metadata);
  const template = entries.find(([name]) => name === 'tokenizer.chat_template')?.[1];
  return {
    metadata: entries
      .filter(([name]) => name !== 'tokenizer.chat_template')
      .map(([name, value]): [string, string] => [name, wordsOf(value)]),
    chatTemplate: typeof template === 'string' ? template : null,
    tensors: tensorInfos.map((tensor) => {
      const shape = tensor.shape.map(Number);
      return {
        name: tensor.name,
        dtype: GGMLQuantizationType[tensor.dtype] ?? `type ${tensor.dtype}`,
        shape,
        parameters: shape.reduce((product, n) => product * n, 1),
        bytes: 0
      };
    })
  };
}
