#!/usr/bin/env python3
"""Requests to the S3 store of the environment (S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY), signed with AWS signature version 4.

s3.py make BUCKET           creates a bucket
s3.py count BUCKET PREFIX   number of objects below a prefix
s3.py keys BUCKET PREFIX    their keys, with their lengths
s3.py get BUCKET KEY        an object, to standard output
s3.py put BUCKET KEY        an object, from standard input
s3.py delete BUCKET KEY
"""
import hashlib
import http.client
import os
import re
import sys
import urllib.parse

from s3sign import sign


def request(method, path, query=None, body=b""):
    endpoint = urllib.parse.urlsplit(os.environ["S3_ENDPOINT"])
    path = urllib.parse.quote("/" + path)
    query = "&".join(f"{name}={urllib.parse.quote(value, safe='')}" for name, value in sorted((query or {}).items()))
    headers = sign(method, path, query, endpoint.netloc, hashlib.sha256(body).hexdigest())
    connection = http.client.HTTPConnection(endpoint.netloc, timeout=20)
    connection.request(method, path + ("?" + query if query else ""), body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
    return content


def listing(bucket, prefix):
    start = ""
    while True:
        page = request("GET", bucket, {"list-type": "2", "prefix": prefix, **({"start-after": start} if start else {})}).decode()
        found = re.findall(r"<Contents><Key>([^<]*)</Key>.*?<Size>(\d+)</Size>", page, re.S)
        yield from found
        if "<IsTruncated>true" not in page:
            return
        start = found[-1][0]


match sys.argv[1:]:
    case ["make", bucket]:
        request("PUT", bucket)
    case ["count", bucket, prefix]:
        print(sum(1 for _ in listing(bucket, prefix)))
    case ["keys", bucket, prefix]:
        for key, length in listing(bucket, prefix):
            print(key, length)
    case ["get", bucket, key]:
        sys.stdout.buffer.write(request("GET", f"{bucket}/{key}"))
    case ["put", bucket, key]:
        request("PUT", f"{bucket}/{key}", body=sys.stdin.buffer.read())
    case ["delete", bucket, key]:
        request("DELETE", f"{bucket}/{key}")
    case _:
        sys.exit(__doc__)
