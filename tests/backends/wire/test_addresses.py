import pytest

from app.backends.wire.addresses import https_address, is_never_called, plain_address


@pytest.mark.parametrize(
    "url", ["https://a.org", "http://a.org:8080/path/to", "https://[2001:db8::1]:1", "http://10.0.0.7"]
)
def test_plain_addresses_pass(url: str) -> None:
    assert plain_address(url) == plain_address(f"{url}/") == url


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "a.org",
            "ftp://a.org",
            "file:///etc/passwd",
            "http://",
            "http://a.org:0",
            "http://a.org:99999",
        ),
        *("http://user:secret@a.org", "http://a.org/x?y=1", "http://a.org#x", "http://a.org/a b"),
        *("https://x..org", "https://" + "a" * 64 + ".org", "https://a.org%2f.b.org", "https://a.org;.b.org"),
        *("http://a.org/\r\nX: 1", "http://a\\b.org", "http://bücher.example", "http://[::1"),
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be http"):
        plain_address(url)


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "168.63.129.16"),
        *("100.100.100.200", "0.0.0.0", "::", "224.0.0.1", "::ffff:169.254.169.254", "2002:a9fe:a9fe::"),
        *("64:ff9b::a9fe:a9fe", "::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe"),
    ],
)
def test_metadata_and_link_local_addresses_are_never_called(address: str) -> None:
    assert is_never_called(address)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(ValueError, match=r"link-local or metadata|must be http"):
        plain_address(f"http://{host}")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1"])
def test_others_may_be(address: str) -> None:
    assert not is_never_called(address)


@pytest.mark.parametrize(
    "url", ["https://a.org", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"]
)
def test_https_or_this_machine(url: str) -> None:
    assert https_address(url) == url


@pytest.mark.parametrize("url", ["http://a.org", "http://10.0.0.1", "http://localhost.evil.org"])
def test_plain_http_to_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be https"):
        https_address(url)
