"""Every recipe of the cookbook that is compiled builds and meets its cases."""

import pytest

from support.cookbook import INTERPRETED, recipes
from support.toolkit import PATIENCE

pytestmark = pytest.mark.timeout(3 * PATIENCE)


@pytest.mark.parametrize("recipe", [recipe for recipe in recipes() if recipe.language not in INTERPRETED], ids=lambda recipe: recipe.title)
def test_a_recipe_builds_and_meets_its_cases(recipe, tmp_path):
    recipe.play(tmp_path)
