# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What moto makes when a service is first called, made while nobody waits for it.

Routes, machine images, descriptions of the API: two seconds of this process in all, which AWS takes none of.
"""

from __future__ import annotations

import threading
from functools import partial
from http import HTTPStatus

from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.test import Client

from sandbox.aws import instance_types
from sandbox.aws.application import Application
from sandbox.aws.sigv4 import ALGORITHM

# Where the regions of an account are asked for, whichever it works in.
_HOME = "us-east-1"
# Calls that change nothing: of services that speak by forms the action and the version of the API, of others the path.
_ACTIONS = {
    "sts": ("GetCallerIdentity", "2011-06-15"),
    "ec2": ("DescribeRegions", "2016-11-15"),
    "iam": ("ListUsers", "2010-05-08"),
    "rds": ("DescribeDBInstances", "2014-10-31"),
}
_PATHS = {"eks": "/clusters", "route53": "/2013-04-01/hostedzone"}


def start(application: Application) -> None:
    """Make all of it in the background."""
    threading.Thread(target=make, args=[application], name="ahead", daemon=True).start()


def make(application: Application) -> None:
    """Call each service once, past what counts the user's calls; then write what is said of the instance types.

    Raises RuntimeError when a service does not take its call.
    """
    client = Client(partial(DomainDispatcherApplication.__call__, application))
    region, key = application.runtime.region, application.runtime.access_key_id
    for service, place in [*((service, region) for service in (*_ACTIONS, *_PATHS)), ("ec2", _HOME)]:
        scope = f"{key}/20260101/{place}/{service}/aws4_request"
        headers = {"Authorization": f"{ALGORITHM} Credential={scope}, SignedHeaders=host, Signature=0"}
        if service in _PATHS:
            answer = client.get(_PATHS[service], headers=headers)
        else:
            action, version = _ACTIONS[service]
            answer = client.post("/", headers=headers, data={"Action": action, "Version": version})
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{service} answered {answer.status}: {answer.text}")
    instance_types.write_all()
