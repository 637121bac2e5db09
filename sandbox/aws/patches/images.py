# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's machine images: those of EKS, the parameters that name them, and what RegisterImage forgets."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ec2.responses.amis import AmisResponse
from moto.ssm.models import Parameter, ParameterDict

from sandbox.aws.eks.catalog import VERSIONS
from sandbox.aws.wrap import wrap

# The account of EKS' images in most regions.
_OWNER = "602401143452"
# Newest first, of the same days as the releases of node groups.
RELEASES = ("20261112", "20261022")
_ARCHITECTURES = ("x86_64", "arm64")
_PARAMETER = re.compile(
    r"^/aws/service/eks/optimized-ami/(?P<version>\d+\.\d+)/amazon-linux-2023/(?P<architecture>[^/]+)/(?P<variant>[^/]+)"
    r"/(?P<name>recommended|amazon-eks-node-al2023-[^/]+)/image_id$"
)


def patch_images_of_eks() -> None:
    """There are no EKS-optimized images of Amazon Linux 2023.

    Source: EKS user guide, "Retrieve information about Amazon EKS-optimized Amazon Linux AMI versions": the names are
    amazon-eks-node-al2023-<architecture>-<variant>-<Kubernetes version>-v<date>, the owner is amazon.
    """

    def load(original: Callable[..., None], self: AmiBackend) -> None:
        original(self)
        for version in VERSIONS:
            for architecture in _ARCHITECTURES:
                for release in RELEASES:
                    image = _image(self, version, architecture, release)
                    self.amis[image.id] = image

    wrap(AmiBackend, "_load_amis", load)


def patch_parameters_of_eks_images() -> None:
    """GetParameter knows no parameter below /aws/service/eks/optimized-ami/, and PutParameter refuses the name.

    Symptom: Karpenter fails to discover any AMI for the alias al2023.
    Source: EKS user guide, "Retrieve recommended Amazon Linux AMI IDs": …/<version>/amazon-linux-2023/<architecture>/
    <variant>/recommended/image_id; the name of an image takes the place of `recommended`.
    """

    def get(original: Callable[..., list[Parameter]], self: ParameterDict, key: str) -> list[Parameter]:
        image = _named_image(self, key)
        return original(self, key) if image is None else [_parameter(self, key, image)]

    def contains(original: Callable[..., bool], self: ParameterDict, key: str) -> bool:
        return _named_image(self, key) is not None or original(self, key)

    wrap(ParameterDict, "__getitem__", get)
    wrap(ParameterDict, "__contains__", contains)


def patch_registered_image() -> None:
    """RegisterImage drops Architecture and RootDeviceName.

    Symptom: Karpenter finds no image that fits any instance type.
    Source: EC2 API reference, RegisterImage, Architecture and RootDeviceName; DescribeImages.
    """

    def register(original: Callable[..., ActionResult], self: AmisResponse) -> ActionResult:
        answer = original(self)
        result: Any = answer.result
        image = self.ec2_backend.amis[result["ImageId"]]
        image.architecture = self._get_param("Architecture") or image.architecture
        image.root_device_name = self._get_param("RootDeviceName") or image.root_device_name
        return answer

    wrap(AmisResponse, "register_image", register)


def _image(backend: Any, version: str, architecture: str, release: str) -> Ami:
    """An image of EKS; its id is the same in every sandbox, and another one in each region."""
    name = f"amazon-eks-node-al2023-{architecture}-standard-{version}-v{release}"
    digest = hashlib.sha256(f"{backend.region_name} {name}".encode()).hexdigest()
    return Ami(
        backend,
        f"ami-0{digest[:16]}",
        name=name,
        description=f"EKS-optimized Kubernetes node based on Amazon Linux 2023, (k8s: {version})",
        owner_id=_OWNER,
        owner_alias="amazon",
        public=True,
        virtualization_type="hvm",
        architecture=architecture,
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name="/dev/xvda",
        creation_date=datetime.datetime.strptime(release, "%Y%m%d").replace(tzinfo=datetime.UTC),
        region_name=f"{backend.region_name}a",
    )


def _named_image(parameters: ParameterDict, key: str) -> Ami | None:
    """The image that the parameter `key` stands for; None for any other key and when no image has such a name."""
    match = _PARAMETER.match(str(key or ""))
    if match is None:
        return None
    prefix = "amazon-eks-node-al2023-{architecture}-{variant}-{version}-v".format(**match.groupdict())
    images = ec2_backends[parameters.account_id][parameters.region_name].amis.values()
    found = [image for image in images if str(image.name).startswith(prefix)]
    if match["name"] != "recommended":
        found = [image for image in found if image.name == match["name"]]
    # The date ends the name.
    return max(found, key=lambda image: str(image.name), default=None)


def _parameter(parameters: ParameterDict, key: str, image: Ami) -> Parameter:
    return Parameter(  # type: ignore[abstract]  # moto makes them the same way
        account_id=parameters.account_id,
        name=key,
        value=image.id,
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=image.creation_date,
        version=1,
        data_type="text",
    )


PATCHES = (
    patch_images_of_eks,
    patch_parameters_of_eks_images,
    patch_registered_image,
)
