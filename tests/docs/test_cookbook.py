"""Every recipe of the cookbook does what its case says. Those that need a compiler are played by tests/toolkits/test_compiled_recipes.py."""

import re

import pytest

from support.cookbook import INTERPRETED, PAGE, SOURCES, Recipe, recipes

RECIPES = recipes()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_is_whole(recipe):
    recipe.check()


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe.language in INTERPRETED], ids=lambda recipe: recipe.title)
def test_a_recipe_meets_its_cases(recipe, tmp_path):
    recipe.play(tmp_path)


def test_a_recipe_without_a_case_is_refused():
    whole = RECIPES[0]
    text = "".join(f"**`{name}`**\n\n```x\n{text}```\n\n" for name, text in whole.files.items() if name not in whole.cases)
    with pytest.raises(AssertionError, match="no case proves it"):
        Recipe(whole.title, text).check()


def test_every_language_has_a_recipe_and_every_recipe_is_listed():
    assert {recipe.language for recipe in RECIPES} == set(SOURCES.values())
    listed = re.findall(r"\[([^\]]+)\]\(#([^)]+)\)", PAGE.read_text().partition("\n## ")[0])
    assert [title for title, _ in listed] == [recipe.title for recipe in RECIPES]
    assert all(anchor == title.lower().replace(" ", "-") for title, anchor in listed)
