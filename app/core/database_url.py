"""Where Postgres is, as vendors write it: as the driver takes it, or one line about what it cannot do."""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode

SCHEMES = ("postgresql", "postgres")
PASSED_ON = frozenset(
    (
        *("host", "port", "dbname", "user", "password", "passfile", "service", "krbsrvname", "gsslib"),
        *("sslmode", "sslnegotiation", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs"),
        *("application_name", "options"),
    )
)
"""Parameters of libpq (Postgres' documentation, 32.1.2) that asyncpg takes under the same names."""
ONE_OF: Mapping[str, tuple[str, ...]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": (*("any", "primary", "standby", "read-write", "read-only", "prefer-standby"),),
}
AS_IT_IS: Mapping[str, tuple[str, ...]] = {
    "channel_binding": ("disable", "prefer"),
    "gssencmode": ("disable", "prefer"),
    "client_encoding": ("auto", "utf8", "utf-8"),
    "sslcompression": ("0",),
    "sslsni": ("1",),
    "load_balance_hosts": ("disable",),
}
"""Values that ask for what is done anyway. The driver knows no other."""
NUMBERS = {"connect_timeout": 2**31 - 1, "keepalives": 1, "keepalives_count": 127} | {
    **dict.fromkeys(("keepalives_idle", "keepalives_interval"), 32_767),
    "tcp_user_timeout": 2**31 - 1,
}
"""What libpq does with the socket, and we do in its place: each with the most that Linux takes."""
INSTEAD = {
    "channel_binding": "leave it out, and have the server known by its certificate (sslmode=verify-full)",
    "pgbouncer": "leave it out, and set DATABASE_POOLER=true",
}
ELSEWHERE = {"host": "hosts", "port": "hosts", "user": "user", "password": "password"} | {
    **dict.fromkeys(("dbname", "database"), "path"),
}
"""What the parts before the question mark may say, too. The driver would take one of both without a word."""
PARTS = re.compile(
    r"(?:(?P<user>[^:/@?]*)(?::(?P<password>[^@]*))?@)?"
    r"(?P<hosts>[^/?@]*)(?:/(?P<path>[^?]*))?(?:\?(?P<query>.*))?",
    re.DOTALL,
)
"""What comes after the scheme. A password may hold anything but an @ that is not quoted."""
HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+(?:%[^\]]+)?\]|(?P<name>[^\[\]:]*))(?::(?P<port>[0-9]{1,6}))?")
LONGEST_LABEL = 63
"""Characters between two dots of a name (RFC 1035, 2.3.4)."""
DEFAULT_ROOTS = Path("~/.postgresql/root.crt")
FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")


@dataclass(frozen=True)
class DatabaseUrl:
    """``dsn`` is as asyncpg takes it; ``numbers`` are those of NUMBERS that are given."""

    dsn: str
    numbers: Mapping[str, int]


def parse(url: str) -> DatabaseUrl:
    """ValueError names the parameter, and shows nothing of what may be part of a password."""
    scheme, _, rest = url.strip().partition("://")
    if scheme.partition("+")[0] not in SCHEMES:
        raise ValueError("must start with postgresql://")
    if (parts := PARTS.fullmatch(rest)) is None:
        raise ValueError("is no URL of a database: what is special in a password is quoted, as %40 for @")
    for host in parts["hosts"].split(","):
        _require_host(host)
    given = dict(parse_qsl(parts["query"] or "", keep_blank_values=True))
    _require_once(parts, given)
    given = _renamed(given)
    numbers = {name: _number(name, given.pop(name)) for name in sorted(NUMBERS.keys() & given.keys())}
    passed = {name: value for name, value in given.items() if _is_passed_on(name, value)}
    _require_files(passed)
    dsn = f"postgresql://{_user_info(parts)}{parts['hosts']}"
    dsn += f"/{_quoted(parts['path'])}" if parts["path"] else ""
    return DatabaseUrl(f"{dsn}?{urlencode(passed, quote_via=quote)}" if passed else dsn, numbers)


def _require_once(parts: re.Match[str], given: Mapping[str, str]) -> None:
    for name, part in ELSEWHERE.items():
        if given.get(name) and parts[part]:
            raise ValueError(f"{name} is given twice: leave it out behind the question mark")


def _user_info(parts: re.Match[str]) -> str:
    if parts["user"] is None:
        return ""
    password = "" if parts["password"] is None else f":{_quoted(parts['password'])}"
    return f"{_quoted(parts['user'])}{password}@"


def _quoted(part: str) -> str:
    return quote(unquote(part), safe="")


def _require_host(host: str) -> None:
    found = HOST.fullmatch(host)
    if found is None:
        right = "an IPv6 address is in brackets, and a port a number, as in [::1]:5432"
        raise ValueError(f"is of no host that can be understood: {right}")
    name = unquote(found["name"] or "").removesuffix(".")
    if name and name[0] != "/" and not all(0 < len(part) <= LONGEST_LABEL for part in name.split(".")):
        raise ValueError("is of no host that can be understood: nothing, or too much, is between two dots")
    if found["port"] and not 0 < int(found["port"]) < 65536:
        raise ValueError("a port is a number from 1 to 65535")


def _renamed(given: dict[str, str]) -> dict[str, str]:
    """Other drivers' names for the same."""
    if "ssl" in given:
        asked = given.pop("ssl")
        given.setdefault("sslmode", {"true": "require", "false": "disable"}.get(asked.lower(), asked))
    if "database" in given:
        given.setdefault("dbname", given.pop("database"))
    if "fallback_application_name" in given:
        given.setdefault("application_name", given.pop("fallback_application_name"))
    return given


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal()) or len(value) > 10 or int(value) > NUMBERS[name]:
        raise ValueError(f"{name} must be a whole number up to {NUMBERS[name]}")
    return int(value)


def _is_passed_on(name: str, value: str) -> bool:
    """Whether the driver is to know; ValueError where it could do nothing with it."""
    if name in AS_IT_IS:
        if value.lower() not in AS_IT_IS[name]:
            raise ValueError(f"the driver has no {name}={value}: {INSTEAD.get(name, 'leave it out')}")
        return False
    if name not in PASSED_ON:
        otherwise = "a setting of the server goes into options=-c%20name%3Dvalue"
        raise ValueError(f"the parameter {name} is unknown; {INSTEAD.get(name, otherwise)}")
    if value not in ONE_OF.get(name, (value,)):
        raise ValueError(f"{name} must be one of {', '.join(ONE_OF[name])}")
    return value != ""


def _require_files(passed: dict[str, str]) -> None:
    """The certificates of the system by their file, which the driver needs to be told."""
    if passed.get("sslrootcert") == "system":
        found = ssl.get_default_verify_paths().cafile
        if found is None:
            raise ValueError("sslrootcert=system: this system has no file of them; name one")
        passed |= {"sslrootcert": found, "sslmode": passed.get("sslmode", "verify-full")}
    for name in FILES:
        if name in passed and not Path(passed[name]).is_file():
            raise ValueError(f"{name}: there is no file {passed[name]}")
    if passed.get("sslmode", "").startswith("verify-") and not _has_roots(passed):
        raise ValueError(f"sslmode={passed['sslmode']} needs sslrootcert: a file of certificates, or system")


def _has_roots(passed: Mapping[str, str]) -> bool:
    return "sslrootcert" in passed or "PGSSLROOTCERT" in os.environ or DEFAULT_ROOTS.expanduser().is_file()
