"""Jinja as transformers sets it up for chat templates, and what both sides make of a template."""
import datetime
import json

import jinja2
import jinja2.compiler
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(jinja2.ext.Extension):
    """{% generation %} only marks its body, which is shown as it is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_show"), [], [], body).set_lineno(line)

    def _show(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def strftime_now(format):
    return datetime.datetime(2024, 7, 9, 13, 5, 7).strftime(format)


def make_environment(optimized=True):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, optimized=optimized, extensions=[Generation, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = strftime_now
    return environment


ENVIRONMENT = make_environment()


class NothingFolded(jinja2.compiler.CodeGenerator):
    def _output_child_to_const(self, node, frame, finalize):
        raise jinja2.nodes.Impossible()


# Jinja computes constants when it compiles, and then some of them fail in another way, or not at all.
UNOPTIMIZED = make_environment(optimized=False)
UNOPTIMIZED.code_generator_class = NothingFolded


def render(template, variables, environment=ENVIRONMENT):
    """{"text": ...}, or {"error": ..., "kind": the exception's name}."""
    try:
        return {"text": environment.from_string(template).render(**variables)}
    except Exception as error:  # templates can raise whatever Python can
        return {"error": str(error), "kind": type(error).__name__}
