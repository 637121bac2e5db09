# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a service of AWS for all resources of a kind, and for their tags, as a table describes both."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster_leftovers import NAMING, OWNER
from ansible_collections.supastack.aws.plugins.module_utils._errors import SDK_ERRORS, error_code, error_message
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import ENVIRONMENT_TAG

COMPONENT_TAG = "supastack:component"
# The value is a cluster's name: of the AWS Load Balancer Controller, EKS, the VPC CNI and Karpenter.
CLUSTER_TAGS = (*NAMING, "eks:cluster-name")
# That what was listed is gone by the time that more of it is asked for.
GONE = re.compile("NotFound|NoSuchEntity|NoSuchHostedZone|NoSuchBucket|NonExistent|DoesNotExist")
UNTAGGED = ("NoSuchTagSet",)


@dataclasses.dataclass(frozen=True)
class Scope:
    """Whose resources are looked for, and what the ARNs of account and region begin with."""

    environment: str
    cluster: str
    account: str
    region: str
    partition: str
    names: t.Mapping[str, t.Sequence[str]]
    hosts: t.Sequence[str] = ()

    def is_named(self, kind: str, name: str) -> bool:
        """Whether a resource of that type has a name that the environment's resources have."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.names.get(kind, ()))

    def may_name(self, kind: str, name: str) -> bool:
        """Whether a resource may be the environment's by its name."""
        return any(word in name for word in (self.environment, self.cluster) if word) or self.is_named(kind, name)

    def tagged_by(self, tags: t.Mapping[str, str]) -> str:
        """Which tag makes something the environment's: tag, cluster, or other when it is another one's, or nothing."""
        if ENVIRONMENT_TAG in tags:
            return "tag" if tags[ENVIRONMENT_TAG] == self.environment else "other"
        owned = tags.get(f"{OWNER}{self.cluster}") == "owned"
        return "cluster" if owned or any(tags.get(key) == self.cluster for key in CLUSTER_TAGS) else ""


Path: t.TypeAlias = "str | t.Callable[[t.Any], t.Any]"


@dataclasses.dataclass(frozen=True)
class Tagger:
    """The call that gives the tags of one resource.

    :param by: attribute of the resource that it takes: id or arn.
    """

    method: str
    parameter: str
    by: str = "arn"
    member: str = "Tags"
    request: Plain = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of resource: how it is listed, and where its description has what.

    :param method: of the client, or a function of client and scope.
    :param known_as: how an ARN tells the kind, see arn_kind.
    :param arn: a path, or a template with a colon in it.
    :param tags: a path, a call, or None for what cannot have any.
    :param parents: paths of identifiers of other resources. What belongs to the environment's VPC or key is its own.
    :param all: ask each one for its tags, instead of those whose name holds the environment's or the cluster's.
    :param detail: adds to the description of a resource of the environment what only another call tells.
    :param children: as known_as, of what cannot outlive this.
    """

    service: str
    type: str
    method: str | t.Callable[[t.Any, Scope], list[t.Any]]
    member: str
    id: Path
    known_as: str = ""
    name: Path = ""
    arn: str = ""
    tags: str | Tagger | None = "Tags"
    state: Path = ""
    until: str = ""
    key: Path = ""
    parents: tuple[str, ...] = ()
    request: Plain | t.Callable[[Scope], Plain] = dataclasses.field(default_factory=dict)
    counts: t.Callable[[t.Any], bool] = bool
    all: bool = False
    detail: t.Callable[[t.Any, t.Any], Plain] | None = None
    children: tuple[str, ...] = ()


@dataclasses.dataclass
class Found:
    """A resource that a service listed; tags are None when nobody asked for them."""

    kind: Kind
    item: t.Any
    id: str
    arn: str | None
    tags: dict[str, str] | None
    named: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.named or (self.tags or {}).get("Name", "")


class Unanswered(t.NamedTuple):
    """What a service did not tell."""

    service: str
    reason: str


Answer = tuple[list[Found], list[Unanswered]]


def as_list(found: t.Any) -> list[t.Any]:
    """Return one thing, or each of many, in a list."""
    return found if isinstance(found, list) else [found]


def value(item: t.Any, path: Path) -> t.Any:
    """Return what is at the path, of all entries of a list; None when there is nothing."""
    if callable(path):
        return path(item)
    for part in filter(None, path.split(".")):
        if isinstance(item, list):
            item = [one for entry in item for one in as_list(value(entry, part))]
        else:
            item = (item or {}).get(part)
    return item


def plain_tags(tags: t.Any) -> dict[str, str]:
    """Return tags as a dictionary, in whichever form a service gives them."""
    return (
        dict(tags)
        if isinstance(tags, dict)
        else {tag.get("Key", tag.get("TagKey")): tag.get("Value", tag.get("TagValue", "")) for tag in tags or []}
    )


def said(error: Exception) -> str:
    """Return an error in one line."""
    code = error_code(error) or type(error).__name__
    return f"{code}: {' '.join(error_message(error).split())}"


@unthrottled
def listed(client: t.Any, kind: Kind, scope: Scope) -> list[t.Any]:
    """Return the descriptions of all resources of a kind."""
    if callable(kind.method):
        return kind.method(client, scope)
    request = kind.request(scope) if callable(kind.request) else kind.request
    if not client.can_paginate(kind.method):
        return list(value(getattr(client, kind.method)(**request), kind.member) or [])
    pages = client.get_paginator(kind.method).paginate(**request)
    return [item for page in pages for item in value(page, kind.member) or []]


@unthrottled
def tags_of_one(client: t.Any, tagger: Tagger, found: Found) -> dict[str, str]:
    """Return the tags of a resource."""
    by = getattr(found, tagger.by)
    parameters = {tagger.parameter: [by] if tagger.parameter.endswith(("s", "List")) else by, **tagger.request}
    try:
        answer = getattr(client, tagger.method)(**parameters)
    except SDK_ERRORS as error:
        if error_code(error) in UNTAGGED:
            return {}
        raise
    return plain_tags(value(answer, tagger.member))


def found_of(kind: Kind, item: t.Any, scope: Scope) -> Found:
    """Return what was listed with its identifier, name and ARN."""
    identifier = str(value(item, kind.id))
    name = str(value(item, kind.name) or "") if kind.name else ""
    templated = kind.arn.format(**dataclasses.asdict(scope), id=identifier, name=name)
    arn = templated if ":" in kind.arn else value(item, kind.arn) if kind.arn else None
    tags = plain_tags(value(item, kind.tags)) if isinstance(kind.tags, str) else None
    return Found(kind, item, identifier, arn, tags, name)


def ask_kind(client: t.Any, kind: Kind, scope: Scope) -> Answer:
    """Return all resources of a kind, with their tags where these may be the environment's."""
    try:
        items = [item for item in listed(client, kind, scope) if kind.counts(item)]
    except SDK_ERRORS as error:
        return [], [Unanswered(kind.service, f"{kind.type}: none was listed ({said(error)})")]
    everything = [found_of(kind, item, scope) for item in items]
    if not isinstance(kind.tags, Tagger):
        return everything, []
    return ask_tags(client, kind.tags, everything, scope)


def ask_tags(client: t.Any, tagger: Tagger, everything: list[Found], scope: Scope) -> Answer:
    """Add tags to resources, without those that are gone.

    Somebody else's resource may refuse to tell its tags. That counts only where it may be the environment's.
    """
    asked, refused, gone = 0, [], []
    for found in everything:
        may_be = scope.may_name(found.kind.type, found.name)
        if not (may_be or found.kind.all):
            continue
        asked += 1
        try:
            found.tags = tags_of_one(client, tagger, found)
        except SDK_ERRORS as error:
            if GONE.search(error_code(error)):
                gone.append(found)
            else:
                refused.append((may_be, f"{found.kind.type} {found.id}: its tags were not told ({said(error)})"))
    counting = [reason for may_be, reason in refused if may_be or len(refused) == asked]
    told = [found for found in everything if found not in gone]
    return told, [Unanswered(everything[0].kind.service, reason) for reason in counting]
