# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's EC2 launch templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.responses.launch_templates import LaunchTemplates

from sandbox.aws.wrap import wrap


def patch_launch_template_version_deletion() -> None:
    """DeleteLaunchTemplateVersions is not implemented (500).

    Symptom: amazon.aws.ec2_launch_template with state=absent fails for a template that has more than one version.
    Here the newest versions can be deleted, since moto finds a version by its place among all.
    Source: EC2 API reference, DeleteLaunchTemplateVersions: "You can't delete the default version".
    """

    def delete(self: LaunchTemplates) -> ActionResult:
        name, identifier = self._get_param("LaunchTemplateName"), self._get_param("LaunchTemplateId")
        backend = self.ec2_backend
        template = backend.get_launch_template_by_name(name) if name else backend.get_launch_template(identifier)
        deleted, kept = [], []
        for number in sorted((int(text) for text in self._get_param("Versions", [])), reverse=True):
            answer: dict[str, Any] = {
                "LaunchTemplateId": template.id,
                "LaunchTemplateName": template.name,
                "VersionNumber": number,
            }
            if _is_last(template, number) and number != template.default_version_number:
                template.versions.pop()
                deleted.append(answer)
            else:
                error = {"Code": "unexpectedError", "Message": f"Version {number} cannot be deleted"}
                kept.append({**answer, "ResponseError": error})
        return ActionResult(
            {
                "SuccessfullyDeletedLaunchTemplateVersions": deleted,
                "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
            }
        )

    LaunchTemplates.delete_launch_template_versions = delete  # type: ignore[attr-defined]  # moto has none


def patch_launch_template_tags() -> None:
    """DescribeLaunchTemplates shows the tags with which a launch template was made, whatever CreateTags set later.

    Source: EC2 API reference, CreateTags: it adds or overwrites the tags of a resource; LaunchTemplate, tagSet.
    """

    def describe(original: Callable[..., ActionResult], self: LaunchTemplates) -> ActionResult:
        for template in self.ec2_backend.launch_templates.values():
            template.tags = template.get_tags()
        return original(self)

    wrap(LaunchTemplates, "describe_launch_templates", describe)


def _is_last(template: LaunchTemplate, number: int) -> bool:
    return template.versions[-1].number == number


PATCHES = (patch_launch_template_version_deletion, patch_launch_template_tags)
