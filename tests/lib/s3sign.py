"""Signatures of requests to S3 (AWS signature version 4), with the keys of the environment: S3_ACCESS_KEY, S3_SECRET_KEY, S3_REGION."""
import datetime
import hashlib
import hmac
import os


def sign(method, path, query, host, digest):
    """The headers that make a request with such a body valid; path and query as they are sent, the query's parts in their order by name."""
    region, access, secret = (os.environ[name] for name in ("S3_REGION", "S3_ACCESS_KEY", "S3_SECRET_KEY"))
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
    names = ";".join(headers)
    canonical = "\n".join([method, path, query, *(f"{name}:{value}" for name, value in headers.items()), "", names, digest])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"
    return headers
