"""Filters that encode texts or sum them up."""

from __future__ import annotations

import base64
import hashlib
import re
import urllib.parse
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.filters.texts import text_only
from thermik.expressions.limits import checked_text
from thermik.expressions.printing import java_text
from thermik.expressions.registry import filter_
from thermik.expressions.values import is_text

_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


@filter_("base64encode")
def base64_encode(value: Any) -> str:
    """The UTF-8 of a text in base 64."""
    return base64.b64encode(_utf8(java_text(value))).decode()


@filter_("base64decode")
def base64_decode(value: Any) -> str:
    """The text whose UTF-8 stands in base 64."""
    text = java_text(value)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except ValueError as error:
        raise ExpressionRuntimeError(
            "Please provide a correctly Base64 encoded string containing an UTF-8 string"
        ) from error


@filter_("urlencode")
def url_encode(value: Any) -> str:
    """Encoded as in a form: blanks as `+`."""
    # Java's URLEncoder leaves `*` as it is and encodes `~`; Python does the reverse
    encoded = urllib.parse.quote_plus(_utf8(text_only(value, "urlencode")), safe="*")
    return checked_text(encoded.replace("~", "%7E"))


@filter_("urldecode")
def url_decode(value: Any) -> str:
    """The text that was encoded as in a form."""
    text = text_only(value, "urldecode")
    if _BAD_ESCAPE.search(text):
        raise ExpressionRuntimeError("Illegal hex characters in escape (%) pattern of a URL")
    return urllib.parse.unquote_plus(text)


@filter_("md5")
def md5(value: Any) -> str:
    """The MD5 sum in hexadecimal digits."""
    return _sum("md5", value)


@filter_("sha1")
def sha1(value: Any) -> str:
    """The SHA-1 sum in hexadecimal digits."""
    return _sum("sha1", value)


@filter_("sha256")
def sha256(value: Any) -> str:
    """The SHA-256 sum in hexadecimal digits."""
    return _sum("sha256", value)


@filter_("sha512")
def sha512(value: Any) -> str:
    """The SHA-512 sum in hexadecimal digits."""
    return _sum("sha512", value)


def _sum(name: str, value: Any) -> str:
    if not is_text(value):
        raise ExpressionRuntimeError("Need a string to hash")
    # not for security: a host in FIPS mode refuses MD5 otherwise, and flows use these sums as names
    return hashlib.new(name, _utf8(value), usedforsecurity=False).hexdigest()


def _utf8(text: str) -> bytes:
    """The UTF-8 of a text; a lone surrogate becomes `?`, as in Java."""
    return text.encode("utf-8", "replace")
