"""Writes src/transformers/testdata/templates/cases.jsonl: what Jinja makes of the cases of template_cases.py.

A line without a template is for the template of the line before.
"""
import json
import pathlib

from chat_environment import render
from template_cases import all_cases

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "src/transformers/testdata/templates"


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "cases.jsonl", "w", encoding="utf-8") as out:
        previous = None
        for template, variables in all_cases():
            result = render(template, variables)
            used = {name: value for name, value in variables.items() if name in template}
            case = {} if template == previous else {"template": template}
            case |= {"variables": used, **result}
            previous = template
            assert render(template, used) == result or "error" in result, template
            out.write(json.dumps(case, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
