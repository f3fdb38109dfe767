#!/usr/bin/env python3
"""Installs a build into a scratch prefix and builds programs against it as a user would: C and C++, shared and static.

May assume: a finished build folder, pkg-config. Looks at the shared library's symbols too: only onnxrun_* may be visible.
Never leaves anything behind: the prefix is a folder of its own beneath the build folder and is removed.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM = r"""
#include <onnxrun.h>
#include <stdio.h>

int main(int argc, char **argv) {
    onnxrun_error err;
    onnxrun_model *model = NULL;
    onnxrun_session *session = NULL;
    if (argc != 2 || onnxrun_model_load(argv[1], NULL, &model, &err) || onnxrun_session_new(model, NULL, &session, &err)) {
        puts(err.text);
        return 1;
    }
    const int64_t dims[] = {1, 4};
    const float x[] = {1, 2, 3, 4};
    onnxrun_value *in = onnxrun_value_borrow(ONNXRUN_FLOAT, 2, dims, x), *out = NULL;
    const onnxrun_value *ins[] = {in};
    if (onnxrun_run(session, ins, 1, &out, 1, &err)) {
        puts(err.text);
        return 1;
    }
    const float *y = (const float *)onnxrun_value_data(out);
    printf("%s %g %g %g\n", onnxrun_version(), y[0], y[1], y[2]);
    onnxrun_value_free(in);
    onnxrun_value_free(out);
    onnxrun_session_free(session);
    onnxrun_model_free(model);
    return 0;
}
"""


def run(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}exit code {done.returncode}")
    return done.stdout


def flags(args, env, *options):
    return run([args.pkg_config, *options, "onnxrun"], env=env).split()


def build_and_run(args, env, work, libdir, language, static):
    source = os.path.join(work, "program." + ("c" if language == "C" else "cc"))
    binary = os.path.join(work, "program")
    with open(source, "w", encoding="ascii") as f:
        f.write(PROGRAM)
    compiler = [args.cc, "-std=c11"] if language == "C" else [args.cxx, "-std=c++17"]
    libs = flags(args, env, "--libs", "--static") if static else flags(args, env, "--libs")
    if static:  # the archive by name: -lonnxrun would take the shared library beside it
        libs = [os.path.join(libdir, "libonnxrun.a") if flag == "-lonnxrun" else flag for flag in libs]
    run([*compiler, "-Wall", "-Wextra", "-Werror", source, "-o", binary, *flags(args, env, "--cflags"), *libs])
    out = run([binary, args.model], env={**env, "LD_LIBRARY_PATH": "" if static else libdir}).split()
    if out[1:] != ["11", "20", "29"]:
        sys.exit(f"{language}, {'static' if static else 'shared'}: the program printed {out}")
    needed = run(["readelf", "-d", binary])
    if static == ("libonnxrun.so" in needed):
        sys.exit(f"{language}: linked with the wrong library\n{needed}")


def check_symbols(library):
    names = [line.split()[-1] for line in run(["nm", "-D", "--defined-only", library]).splitlines()]
    strange = [name for name in names if not re.match(r"onnxrun_", name)]
    if strange or not names:
        sys.exit(f"{library}: {len(names)} symbols, visible but not public: {strange}")
    return len(names)


def main():
    parser = argparse.ArgumentParser()
    for name in ("build", "cmake", "pkg-config", "cc", "cxx", "libdir", "model"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    work = tempfile.mkdtemp(prefix="install-", dir=args.build)
    try:
        prefix = os.path.join(work, "moved")
        run([args.cmake, "--install", args.build, "--prefix", os.path.join(work, "prefix")])
        os.rename(os.path.join(work, "prefix"), prefix)  # an installed tree may be moved
        libdir = os.path.join(prefix, args.libdir)
        env = {**os.environ, "PKG_CONFIG_PATH": os.path.join(libdir, "pkgconfig")}
        symbols = check_symbols(os.path.join(libdir, "libonnxrun.so"))
        for language in ("C", "C++") if not args.cxx.endswith("NOTFOUND") else ("C",):
            for static in (False, True):
                build_and_run(args, env, work, libdir, language, static)
        tool = os.path.join(prefix, "bin", "onnxrun")
        run([tool, "info", args.model])
        for path, words in (("man/man1/onnxrun.1", ["help", "--man"]), ("bash-completion/completions/onnxrun", ["completion", "bash"]),
                            ("zsh/vendor-completions/_onnxrun", ["completion", "zsh"])):
            with open(os.path.join(prefix, "share", path), encoding="utf-8") as f:
                if f.read() != run([tool, *words]):
                    sys.exit(f"share/{path} is not what onnxrun {' '.join(words)} prints")
        print(f"{symbols} public symbols; C and C++ programs run, shared and static")
    finally:
        shutil.rmtree(work)


main()
