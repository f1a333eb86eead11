#!/usr/bin/env python3
"""lunaria-config.py DIR SPEC...: writes DIR/appliance.json; target.sh explains SPEC."""
import json
import os
import sys
from pathlib import Path


def configuration(specs):
    targets, settings = {}, {"pool": "64GiB", "wait": "10s", "log": "1GiB", "web": "off", "ping": "15s", "s3": None, "endpoint": os.environ.get("S3_ENDPOINT"), "keys": None, "cache": None, "encryption": None, "ca": None, "compression": None}
    for spec in specs:
        key, value = spec.split("=", 1)
        if ":" in key:
            name, lun = key.split(":")
            target = targets.setdefault(name, {"iqn": f"iqn.2026-11.test.lunaria:{name}", "luns": []})
            size, *options = value.split(",")
            unit = {"lun": int(lun), "volume": f"{name}-{lun}", "size": size}
            for option in options:
                word, _, said = option.partition("=")
                unit[word] = said or True
            target["luns"].append(unit)
        elif key in ("chap", "mutual"):
            name, user, secret = value.split("/", 2)
            names = ("user", "secret") if key == "chap" else ("mutualUser", "mutualSecret")
            targets[name].setdefault("chap", {}).update(zip(names, (user, secret)))
        elif key in settings:
            settings[key] = value
        else:
            sys.exit(f"unknown setting {key}")
    if settings["s3"]:
        bucket, prefix = settings["s3"].split("/", 1)
        s3 = {"endpoints": [settings["endpoint"]], "bucket": bucket, "prefix": prefix}
        if settings["keys"]:
            s3["credentialsFile"] = settings["keys"]
        if settings["ca"]:
            s3["caFile"] = settings["ca"]
        backend = {"backend": {"kind": "s3", "s3": s3}}
    else:
        backend = {"pool": {"components": [{"path": "pool.0", "size": settings["pool"]}], "spaceWait": settings["wait"]}}
    if settings["encryption"]:
        backend.setdefault("backend", {})["encryptionKey"] = settings["encryption"]
    if settings["compression"]:
        backend.setdefault("backend", {})["compression"] = settings["compression"] == "on"
    return {
        "schemaVersion": 1,
        "web": {"listen": settings["web"]},
        "iscsi": {"pingTimeout": settings["ping"]},
        **backend,
        "log": {"size": settings["log"]},
        **({"cache": {"devices": [{"path": "cache.0", "size": settings["cache"]}], "memory": "2MiB"}} if settings["cache"] else {}),
        "bootstrap": {"targets": list(targets.values())},
    }


Path(sys.argv[1], "appliance.json").write_text(json.dumps(configuration(sys.argv[2:]), indent=2) + "\n")
