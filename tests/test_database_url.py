"""The forms of a PostgreSQL URL: docs/high-availability.md."""

import pytest

from taskward.settings.database_url import Host, PostgresUrl

CANARY = "canary-in-a-url"


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://h/d", [Host("h")]),
        ("postgres://u:p@h:5433/d", [Host("h", 5433)]),
        ("postgresql:///d", [Host()]),
        ("postgresql://", [Host()]),
        ("postgresql://:5433/d", [Host(None, 5433)]),
        ("postgresql://h:/d", [Host("h")]),
        ("postgresql://u:p@a,b/d", [Host("a"), Host("b")]),
        ("postgresql://u:p@a:5432,b:5433/d", [Host("a", 5432), Host("b", 5433)]),
        ("postgresql://u:p@a,b:5433,c/d?sslmode=require", [Host("a"), Host("b", 5433), Host("c")]),
        ("postgresql://u:p@a,b:1/d?port=5433", [Host("a", 5433), Host("b", 1)]),
        ("postgresql://[::1]:5431,[::1]:5432/d", [Host("::1", 5431), Host("::1", 5432)]),
        ("postgresql://a:5431,[fe80::1%25eth0]/d", [Host("a", 5431), Host("fe80::1%eth0")]),
        ("postgresql://%2Frun%2Fpostgresql:5433/d", [Host("/run/postgresql", 5433)]),
        ("postgresql:///d?host=a,b&port=5431,5432", [Host("a", 5431), Host("b", 5432)]),
        ("postgresql:///d?host=a,b&port=5431", [Host("a", 5431), Host("b", 5431)]),
        ("postgresql:///d?host=a:1,[::1]:2,::1", [Host("a", 1), Host("::1", 2), Host("::1")]),
        ("postgresql:///d?host=/run/postgresql", [Host("/run/postgresql")]),
        ("postgresql://u@:5433/d?host=/run/postgresql", [Host("/run/postgresql", 5433)]),
        ("postgresql://a/d?host=b", [Host("a")]),
    ],
)  # fmt: skip
def test_hosts_and_ports_are_read(url: str, hosts: list[Host]) -> None:
    assert list(PostgresUrl.parse(url).hosts) == hosts


def test_what_is_percent_encoded_is_decoded_once() -> None:
    url = PostgresUrl.parse("postgresql://m%40e:p%40%3A%2F%3F%23%5B%252C@h1:1,h2/d%2Fb?user=x&dbname=y")

    assert (url.user, url.password, url.database) == ("m@e", "p@:/?#[%2C", "d/b")


def test_user_password_and_name_may_stand_in_the_query() -> None:
    url = PostgresUrl.parse("postgresql://h?user=me&password=p%40ss&dbname=d")

    assert (url.user, url.password, url.database) == ("me", "p@ss", "d")


def test_characters_that_should_have_been_encoded_are_taken_where_they_are_no_ambiguity() -> None:
    url = PostgresUrl.parse("postgresql://me:p@ss:w[o]r#d@h:1,g:2/d")

    assert (url.user, url.password, len(url.hosts)) == ("me", "p@ss:w[o]r#d", 2)


def test_the_driver_gets_what_it_knows() -> None:
    url = PostgresUrl.parse("postgresql://h/d?sslmode=require&channel_binding=require&pgbouncer=true")

    assert url.options == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("url", "attrs"),
    [
        ("postgresql://a/d", None),
        ("postgresql://a,b/d", "read-write"),
        ("postgresql://a,b/d?target_session_attrs=any", "any"),
        ("postgresql://a/d?target_session_attrs=primary", "primary"),
    ],
)
def test_of_several_hosts_a_writable_one_is_wanted(url: str, attrs: str | None) -> None:
    assert PostgresUrl.parse(url).options.get("target_session_attrs") == attrs


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"postgresql://u:{CANARY}/x@h/d", "a port must be a number"),
        (f"postgresql://u:{CANARY}@h:99999/d", "a port must be a number"),
        (f"postgresql://u:{CANARY}@h:0/d", "a port must be a number"),
        (f"postgresql://u:{CANARY}@h:٣/d", "a port must be a number"),
        (f"postgresql://u:{CANARY}@a,,b/d", "a host is empty"),
        (f"postgresql://u:{CANARY}@a,/d", "a host is empty"),
        (f"postgresql://{64 * 'a'}{CANARY}/d", "a host is not a name or an address"),
        (f"postgresql:///d?host=h,{CANARY}..example.com", "a host is not a name or an address"),
        (f"postgresql://{CANARY}\udcff/d", "a host is not a name or an address"),
        (f"postgresql://[{CANARY}/d", "cannot be read"),
        (f"postgresql://[{CANARY}]/d", "not an IPv6 address"),
        (f"postgresql://u:{CANARY}@::1/d", "cannot be read"),
        (f"postgresql://u:{CANARY}@a,b,c/d?port=1,2", "names 3 hosts and 2 ports"),
        (
            f"postgresql://u:{CANARY}@a,b/d?target_session_attrs=standby",
            "target_session_attrs must be one of",
        ),
        (f"mysql://{CANARY}", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_in_plain_words(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        PostgresUrl.parse(url)

    assert CANARY not in str(refused.value)


def test_its_text_shows_no_password() -> None:
    assert CANARY not in repr(PostgresUrl.parse(f"postgresql://u:{CANARY}@a,b/d"))


@pytest.mark.parametrize(
    ("host", "text"),
    [
        (Host("a", 1), "a:1"), (Host("a"), "a"), (Host("::1", 1), "[::1]:1"), (Host(), "the default host"),
        (Host("/run", 1), "/run:1"),
    ],
)  # fmt: skip
def test_a_host_is_shown_as_it_is_written(host: Host, text: str) -> None:
    assert str(host) == text
