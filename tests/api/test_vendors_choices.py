"""What only other systems' clients meet is chosen over the API too."""

from typing import Any

import pytest

from api.company import Company

CHOICES = {"showsAgentToVisitor": True, "hasTransferObject": True, "strictHttpStatus": False, "strictUnbind": False}


@pytest.mark.parametrize("name", CHOICES)
async def test_a_choice_for_easemobs_clients_is_kept_and_the_others_stay(company: Company, name: str) -> None:
    turned = CHOICES | {name: not CHOICES[name]}
    saved = await company.partner.do(
        "tenantSettingsUpdate", f"settings {{ {' '.join(CHOICES)} }}", **{name: turned[name]}
    )
    assert saved["settings"] == turned


async def test_phrases_are_offered_in_the_order_they_were_saved_in(company: Company) -> None:
    saved = await company.partner.do("phrasesSave", "phrases", phrases=["怎么退货", "怎么付款"])
    assert saved["phrases"] == await phrases(company) == ["怎么退货", "怎么付款"]


async def test_phrases_saved_again_replace_those_before(company: Company) -> None:
    await company.partner.do("phrasesSave", phrases=["怎么退货"])
    await company.partner.do("phrasesSave", phrases=[])
    assert await phrases(company) == []


@pytest.mark.parametrize("wrong", [[" "], ["好" * 1_000], ["怎么退货"] * 10_001])
async def test_phrases_that_cannot_be_kept_are_refused_and_nothing_changes(company: Company, wrong: list[str]) -> None:
    before = await company.position()
    error = await company.partner.refused("phrasesSave", phrases=wrong)
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["input", "phrases"])
    assert await company.position() == before


async def phrases(company: Company) -> Any:
    return (await company.partner.ask("{ phrases }"))["phrases"]
