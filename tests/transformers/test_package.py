"""A program outside of this tree, built against the installed library."""
import os
import pathlib
import shutil
import subprocess

import pytest

from compare import ROOT

CMAKE = """cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
find_package(embrace-transformers 0.1 REQUIRED)
add_executable(consumer consumer.cc)
target_link_libraries(consumer PRIVATE embrace::transformers)
"""
PROGRAM = r"""#include <cstdio>

#include "base/file.h"
#include "transformers/download/hub.h"
#include "transformers/models/gguf_model.h"
#include "transformers/tokenizers/tokenizer.h"

using namespace embrace;

int main(int, char** arguments) {
  const auto blocking = rt::Blocking::on_main_thread();
  const auto text = read_file(arguments[1], transformers::Tokenizer::kFileBytesMax);
  const auto tokenizer = transformers::Tokenizer::parse(text.value());
  const auto ids = tokenizer->encode("hello world").value().ids;
  const auto model = transformers::open_gguf_model(blocking, arguments[2]);
  transformers::Hub hub(transformers::HubSettings::from_environment().value());
  const auto file = hub.download_file(blocking, *transformers::RepoAt::parse("ns/name"), "a");
  std::printf("%zu %zu %d\n", ids.size(), model->weights.all().size(), static_cast<int>(file.error().code()));
}
"""


def find_build():
    """The build of the server that is tested, or the newest."""
    beside = pathlib.Path(os.environ.get("EMBRACE_BINARY", "none")).resolve().parent
    if (beside / "libembrace_transformers.a").is_file():
        return beside
    found = [path for path in (ROOT / "build").glob("*/libembrace_transformers.a")]
    return max(found, key=lambda path: path.stat().st_mtime).parent if found else None


@pytest.mark.skipif(find_build() is None, reason="the library is not built")
@pytest.mark.skipif(shutil.which("cmake") is None, reason="there is no cmake")
def test_a_program_elsewhere_uses_the_library(tmp_path):
    prefix, source, build = tmp_path / "prefix", tmp_path / "source", tmp_path / "build"
    subprocess.run(["cmake", "--install", find_build(), "--component", "transformers", "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    source.mkdir()
    (source / "CMakeLists.txt").write_text(CMAKE)
    (source / "consumer.cc").write_text(PROGRAM)
    subprocess.run(["cmake", "-G", "Ninja", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_CXX_COMPILER=clang++-19"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build], check=True, stdout=subprocess.DEVNULL)
    testdata = ROOT / "src/transformers/testdata"
    done = subprocess.run([build / "consumer", testdata / "gpt2.json", testdata / "gguf/llama.gguf"], capture_output=True, text=True, check=True,
                          env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)})
    tokens, tensors, code = map(int, done.stdout.split())
    assert tokens > 2 and tensors == 12 and code == 12, done.stdout  # 12: Unavailable, as there is no Hub
    assert not list(prefix.rglob("*_fixture.h"))
