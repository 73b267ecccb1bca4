import pytest

from kefu.domain.routing_keys import RoutingKeys, read_routing_keys

UNUSABLE = {
    "empty": "",
    "blank": " \u3000",
    "a list": ["F", "G"],
    "an object": {"F": 1},
    "true": True,
    "too long": "F" * 129,
}
VIP_TAGS = {
    "two": (["vip1", "vip2"], ("vip1", "vip2")),
    "a bare string": ("gold", ("gold",)),
    "blank ones beside one": (["", " ", "gold"], ("gold",)),
    "other things beside one": ([None, 5, "gold"], ("gold",)),
}


@pytest.mark.parametrize("value", UNUSABLE.values(), ids=UNUSABLE)
def test_a_value_that_is_not_one_string_is_no_value_and_is_named(value: object) -> None:
    keys = read_routing_keys({"weichat": {"businessFlag": value}})
    assert keys == RoutingKeys(invalid=("businessFlag",))


@pytest.mark.parametrize(("number", "text"), [(7, "7"), (1.5, "1.5"), (0, "0")])
def test_a_number_counts_as_its_text(number: float, text: str) -> None:
    assert read_routing_keys({"weichat": {"routingRuleFlag": number}}).routing_rule_flag == text


def test_values_are_kept_as_they_came() -> None:
    assert read_routing_keys({"weichat": {"queueName": " 售前 "}}).queue_name == " 售前 "


def test_a_null_is_absent_and_not_invalid() -> None:
    assert read_routing_keys({"weichat": {"agentUsername": None}}) == RoutingKeys()


@pytest.mark.parametrize(
    "key", [" businessFlag ", "\u00a0businessFlag", "businessFlag\u200b", "\ufeff\u3000businessFlag"]
)
def test_padding_of_keys_does_not_count(key: str) -> None:
    assert read_routing_keys({"weichat": {key: "F"}}).business_flag == "F"


@pytest.mark.parametrize("first", [" businessFlag", "businessFlag"])
def test_where_a_padded_and_a_clean_key_collide_the_clean_one_wins(first: str) -> None:
    second = "businessFlag" if first.startswith(" ") else " businessFlag"
    values = {"businessFlag": "clean", " businessFlag": "padded"}
    assert read_routing_keys({"weichat": {first: values[first], second: values[second]}}).business_flag == "clean"


@pytest.mark.parametrize("ext", [None, {}, {"weichat": None}, {"weichat": []}, {"weichat": {"visitor": "x"}}])
def test_an_ext_that_says_nothing_has_no_keys(ext: dict[str, object] | None) -> None:
    assert read_routing_keys(ext) == RoutingKeys()


@pytest.mark.parametrize(("tags", "kept"), VIP_TAGS.values(), ids=VIP_TAGS)
def test_one_tag_that_is_not_blank_makes_a_vip(tags: object, kept: tuple[str, ...]) -> None:
    keys = read_routing_keys({"weichat": {"visitor": {"tags": tags}}})
    assert (keys.tags, keys.is_vip) == (kept, True)


@pytest.mark.parametrize("tags", [[], [""], "", " ", None, {}, 5, [None]])
def test_no_tag_is_no_vip(tags: object) -> None:
    assert not read_routing_keys({"weichat": {"visitor": {"tags": tags}}}).is_vip
