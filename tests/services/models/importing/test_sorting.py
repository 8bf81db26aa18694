from datetime import UTC, datetime, timedelta

from app.services.models.importing.pattern import KeyPattern, Named
from app.services.models.importing.sorting import Candidate, Rejects, candidates, newest
from app.storage import StoredObject

DAY = datetime(2026, 11, 29, tzinfo=UTC)


def stored(key: str, seconds: float = 0) -> StoredObject:
    return StoredObject(key, "tag", DAY + timedelta(seconds=seconds), 1)


def sorted_out(*objects: StoredObject, key_prefix: str = "") -> tuple[list[Candidate], dict[str, list[str]]]:
    rejects = Rejects()
    pattern = KeyPattern("{model}/{version}.tar.gz")
    found = candidates(objects, pattern, {"endpoint_name": "e"}, ["x"], key_prefix, rejects)
    latest = newest(found, {one.names for one in found}, rejects)
    return latest, {one.fault: one.examples for one in rejects.listed()}


def test_the_newest_is_the_one_that_was_written_last_whatever_it_is_called() -> None:
    latest, left_out = sorted_out(
        stored("a/10.tar.gz", 1), stored("a/9.tar.gz", 2), stored("a/2.tar.gz"), stored("b/1.tar.gz")
    )
    assert [one.names for one in latest] == [("a", "9"), ("b", "1")]
    assert left_out == {}


def test_of_two_that_were_written_in_one_second_neither_is_the_newest() -> None:
    latest, left_out = sorted_out(
        stored("a/1.tar.gz"), stored("a/2.tar.gz", 5), stored("a/3.tar.gz", 5), stored("b/1.tar.gz", 5)
    )
    assert [one.names for one in latest] == [("b", "1")]
    said = "a/3.tar.gz (2 versions of a were written in the same second: promote one by its name)"
    assert left_out == {"is no newer than another version of its model": [said]}


def test_where_the_newest_is_registered_otherwise_the_one_before_is_not_taken_for_it() -> None:
    objects = [stored("a/1.tar.gz"), stored("a/2.tar.gz", 5), stored("b/1.tar.gz"), stored("c/1.tar.gz")]
    found, _ = sorted_out(*objects)
    assert [one.names for one in found] == [("a", "2"), ("b", "1"), ("c", "1")]
    pattern, rejects = KeyPattern("{model}/{version}.tar.gz"), Rejects()
    every = candidates(objects, pattern, {"endpoint_name": "e"}, ["x"], "", rejects)
    registered = {Named("a", "1"), Named("c", "1")}
    assert [one.names for one in newest(every, registered, rejects)] == [("c", "1")]


def test_the_target_model_is_the_key_below_the_prefix_of_the_endpoint() -> None:
    (only,), _ = sorted_out(stored("a/1.tar.gz"), key_prefix="eu team/")
    assert only.deployment.options == {"endpoint_name": "e", "target_model": "eu team/a/1.tar.gz"}


def test_what_is_no_version_is_named_with_the_reason() -> None:
    latest, left_out = sorted_out(
        stored("readme.txt"), stored("store 7/1.tar.gz"), stored("a/1+é.tar.gz"), stored("a/1.tar.gz")
    )
    assert [one.names for one in latest] == [("a", "1")]
    assert left_out["does not fit the pattern"] == ["readme.txt"]
    first, second = left_out["gives no legal name"]
    assert first.startswith("store 7/1.tar.gz ('store 7' must have 1 to 64 letters")
    assert second.startswith("a/1+é.tar.gz ('1+é' must have")


def test_a_key_that_sagemaker_takes_for_no_target_model_is_named() -> None:
    rejects = Rejects()
    pattern = KeyPattern("*/{model}/{version}.tar.gz")
    assert candidates([stored("größe/a/1.tar.gz")], pattern, {"endpoint_name": "e"}, [], "", rejects) == []
    (left_out,) = rejects.listed()
    assert left_out.fault == "cannot be a target model"
    assert left_out.examples[0].startswith("größe/a/1.tar.gz (options.target_model ")


def test_two_objects_of_one_version_are_both_left_out() -> None:
    rejects = Rejects()
    objects = [stored("x/a/1.tar.gz"), stored("y/a/1.tar.gz"), stored("x/a/2.tar.gz")]
    pattern = KeyPattern("*/{model}/{version}.tar.gz")
    (only,) = candidates(objects, pattern, {"endpoint_name": "e"}, [], "", rejects)
    assert only.names == ("a", "2")
    assert newest([only], {only.names}, rejects) == [only]
    (left_out,) = rejects.listed()
    assert left_out.objects == 2
    assert left_out.examples == [f"{key}/a/1.tar.gz (version 1 of a)" for key in "xy"]


def test_an_older_version_is_not_the_newest_where_a_later_one_is_named_twice() -> None:
    rejects = Rejects()
    objects = [stored("x/a/2.tar.gz", 5), stored("y/a/2.tar.gz"), stored("x/a/1.tar.gz", 1)]
    pattern = KeyPattern("*/{model}/{version}.tar.gz")
    (only,) = candidates(objects, pattern, {"endpoint_name": "e"}, [], "", rejects)
    assert newest([only], {only.names}, rejects) == []
