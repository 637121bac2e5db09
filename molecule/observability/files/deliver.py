# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Puts events on the bus and tells who got which: JSON of each event's id -> names of readers.

Arguments: JSON of {"events": {id: event}, "queues": {reader: queue name}, "log_group": name}. A service alone may put
events whose source begins with aws., so the emulator's bus is told them by its own HTTP API, which takes any source.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3
from botocore.config import Config

MARK = "supastack-delivery-"


def readers(seen: dict[str, list[str]], name: str, texts: list[str]) -> None:
    """Note for each event whose mark is in one of the texts that this reader got it."""
    for event in seen:
        if any(f'{MARK}{event}"' in text.replace("\\", "") for text in texts):
            seen[event].append(name)


def received(sqs: Any, queue: str) -> list[str]:
    """Return the messages that a queue has, and take them out."""
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    texts: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        texts += [message["Body"] for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return texts


def main() -> None:
    """Deliver and tell."""
    asked = json.loads(sys.argv[1])
    config = Config(retries={"max_attempts": 1})
    events, sqs, logs = (boto3.client(name, config=config) for name in ("events", "sqs", "logs"))
    for queue in asked["queues"].values():
        received(sqs, queue)
    for name, event in asked["events"].items():
        client = boto3.client("events", region_name=event["region"]) if "region" in event else events
        detail = {**event["detail"], "mark": f"{MARK}{name}"}
        entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(detail)}
        answer = client.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise SystemExit(f"{name}: {answer['Entries']}")
    seen: dict[str, list[str]] = {name: [] for name in asked["events"]}
    for reader, queue in asked["queues"].items():
        readers(seen, reader, received(sqs, queue))
    lines = logs.filter_log_events(logGroupName=asked["log_group"])["events"]
    readers(seen, "log", [line["message"] for line in lines])
    print(json.dumps({name: sorted(found) for name, found in seen.items()}))


if __name__ == "__main__":
    main()
