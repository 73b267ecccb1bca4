"""Where a webhook may lead."""

from ipaddress import ip_address

import pytest

from kefu.domain.web_target import TargetRefused, is_public, read_target

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
INSIDE = [
    "0.0.0.0",  # noqa: S104  an address to refuse
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2001:db8::1",
]
REFUSED = [
    "",
    "shop.example/hooks",
    "https://",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "http://shop.example/",
    "https://user:pass@shop.example/",
    "https://user@shop.example/",
    "https://shop.example/#part",
    "https://shop.example:99999/",
    "https://shop.example:0/",
    "https://[::1/",
    "https://shop.example/a b",
    "https://shop.example/a\r\nX: y",
    "https://商店.example/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://db.internal/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://169.254.169.254/latest/meta-data",
    f"https://shop.example/{'a' * 2_048}",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_of_the_internet_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_that_leads_nowhere_good_is_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        read_target(url, allows_private=False)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://localhost/hooks", "https://10.0.0.1/"])
def test_a_deployment_may_allow_its_own_network(url: str) -> None:
    assert read_target(url, allows_private=True).host in url


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://shop.example", "shop.example", "/"),
        ("https://Shop.Example:443/a?b=c", "shop.example", "/a?b=c"),
        ("https://shop.example:8443?b", "shop.example:8443", "/?b"),
        ("https://[2606:4700::1111]:8443/", "[2606:4700::1111]:8443", "/"),
    ],
)
def test_a_url_is_read_as_a_request_needs_it(url: str, authority: str, path: str) -> None:
    target = read_target(url, allows_private=False)
    assert (target.authority, target.path) == (authority, path)
